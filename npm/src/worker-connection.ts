/** The calls that are under way in a worker, as the thread sees them that asked. */
import { MarkerbedError } from './errors.js';
import type { SnapProgress } from './snap.js';
import { filesOf, isDirectory, type FileSource } from './sources.js';
import { FileSender } from './worker-files.js';
import { keepMark, markOf } from './worker-marks.js';
import {
  ENGINE_NUMBER, PROTOCOL, errorOf,
  type Answer, type Request, type Start,
} from './worker-messages.js';

/** A worker as the thread holds it that started it, in a browser or in Node. */
export interface HeldWorker {
  post(message: Start, transfer: Transferable[]): void;
  /** Tells once that the worker ended by itself, and why. */
  onEnd(tell: (why: string, cause?: unknown) => void): void;
  /** Its script runs. */
  begun(): void;
  /** Whether this process waits for the worker. */
  hold(isBusy: boolean): void;
  stop(): void;
  /** The Web Lock whose release tells that the worker is gone. */
  lock?: string;
}

/** What may be among the options of any call. */
interface Options {
  onProgress?: (progress: SnapProgress) => void;
  signal?: AbortSignal;
}

interface OpenCall extends Options {
  resolve: (answer: Answer) => void;
  reject: (error: unknown) => void;
  files?: FileSender;
  /** What a listener of ours threw. */
  failure?: { error: unknown };
}

export class Connection {
  readonly #worker: HeldWorker;
  readonly #port: MessagePort;
  readonly #open = new Map<number, OpenCall>();
  #calls = 0;
  #ended: MarkerbedError | undefined;

  private constructor(worker: HeldWorker, port: MessagePort) {
    this.#worker = worker;
    this.#port = port;
    port.onmessage = ({ data }: MessageEvent<Answer>) => this.#hear(data);
    // Where it is told: that the other end is gone.
    port.addEventListener('close', () => this.#end('it is gone'));
    // In Node a port that is listened to keeps the process; whether it stays is the worker's.
    (port as { unref?: () => void }).unref?.();
    worker.onEnd((why, cause) => this.#end(why, cause));
  }

  /** Starts the engine in a worker; resolves when calls can begin. */
  static async begin(worker: HeldWorker, wasm: Start['wasm']): Promise<Connection> {
    const { port1, port2 } = new MessageChannel();
    const connection = new Connection(worker, port1);
    const ready = connection.#wait(START, {});
    const end = () => connection.#end('it did not begin; does its script import markerbed/worker?');
    const timer = setTimeout(end, START_MS_MAX);
    connection.#whenHere = () => clearTimeout(timer);
    try {
      const start = { markerbed: PROTOCOL, port: port2, wasm, lock: worker.lock };
      worker.post(start, [port2]);
      await ready;
      return connection;
    } catch (error) {
      connection.stop();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  #whenHere = (): void => {};

  /** Asks for one answer; options may have `signal` and `onProgress`. */
  async call(on: number, method: string, given: unknown[], source?: FileSource): Promise<Answer> {
    return this.#begin(this.#next(), on, method, given, source);
  }

  /** The items of a generator, asked for page by page, the first when somebody wants it. */
  async *items(on: number, method: string, given: unknown[]): AsyncGenerator<unknown> {
    const call = this.#next();
    let answer = await this.#begin(call, on, method, given);
    let isOver = false;
    try {
      for (;;) {
        const { items, isLast } = answer as Extract<Answer, { told: 'items' }>;
        isOver = isLast;
        yield* items;
        if (isLast) return;
        signalOf(given)?.throwIfAborted();
        isOver = true;
        answer = await this.again(call);
        isOver = false;
      }
    } finally {
      if (!isOver) this.post({ ask: 'end', call });
    }
  }

  /** The next answer of a call that gives several. */
  again(call: number): Promise<Answer> {
    const answer = this.#wait(call, {});
    this.post({ ask: 'next', call });
    return answer;
  }

  post(request: Request, transfer: Transferable[] = []): void {
    if (this.#ended === undefined) this.#port.postMessage(request, transfer);
  }

  /** Ends the worker at once; calls that are under way fail. */
  stop(): void {
    this.#end('it was stopped');
  }

  #next(): number {
    this.#calls += 1;
    return this.#calls;
  }

  async #begin(
    call: number,
    on: number,
    method: string,
    given: unknown[],
    source?: FileSource,
  ): Promise<Answer> {
    const [sent, options] = withoutOptions(given);
    options.signal?.throwIfAborted();
    const open: Partial<OpenCall> = { ...options };
    const mark = on === ENGINE_NUMBER ? markOf(given[0]) : undefined;
    const request: Request = { ask: 'call', call, on, method, given: sent, ...(mark && { mark }) };
    if (source !== undefined) {
      const isWhole = isDirectory(source);
      sent.unshift(isWhole ? source : 'pulled');
      if (!isWhole) {
        const post = (request: Request, transfer: Transferable[]) => this.post(request, transfer);
        open.files = new FileSender(call, filesOf(source), post);
      }
    }
    const answer = this.#wait(call, open);
    const abort = () => this.post({ ask: 'abort', call });
    options.signal?.addEventListener('abort', abort);
    try {
      this.post(request);
      const told = await answer;
      if (open.failure !== undefined) throw open.failure.error;
      return told;
    } catch (error) {
      this.#close(call);
      // What this thread's own parts threw is what the call throws.
      const own = open.failure ?? open.files?.failure;
      if (own !== undefined) throw own.error;
      if (options.signal?.aborted && isAbort(error)) throw options.signal.reason;
      throw error;
    } finally {
      options.signal?.removeEventListener('abort', abort);
      open.files?.end();
    }
  }

  #wait(call: number, open: Partial<OpenCall>): Promise<Answer> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      this.#open.set(call, Object.assign(open, { resolve, reject }));
      this.#worker.hold(true);
    });
  }

  #hear(answer: Answer): void {
    if (answer.told === 'here') return this.#here();
    if (answer.told === 'gone') return this.#end(answer.why);
    if (answer.told === 'mark') return keepMark(answer.mark);
    const open = this.#open.get(answer.call);
    if (open === undefined) return;
    if (answer.told === 'want') {
      open.files?.send();
    } else if (answer.told === 'progress') {
      this.#progress(answer.call, open, answer.progress);
    } else {
      this.#close(answer.call);
      if (answer.told === 'failure') open.reject(errorOf(answer.failure));
      else open.resolve(answer);
    }
  }

  #close(call: number): void {
    this.#open.delete(call);
    this.#worker.hold(this.#open.size > 0);
  }

  #here(): void {
    this.#whenHere();
    this.#worker.begun();
    const { lock } = this.#worker;
    if (lock === undefined) return;
    // Granted as soon as the worker, which holds it, is gone.
    const gone = () => this.#end('it is gone');
    navigator.locks.request(lock, gone).catch(() => {});
  }

  #progress(call: number, open: OpenCall, progress: SnapProgress): void {
    if (open.failure !== undefined) return;
    try {
      open.onProgress?.(progress);
    } catch (error) {
      open.failure = { error };
      this.post({ ask: 'abort', call });
    }
  }

  #end(why: string, cause?: unknown): void {
    if (this.#ended !== undefined) return;
    this.#ended = new MarkerbedError('worker-ended', `the worker ended: ${why}`, { cause });
    this.#worker.stop();
    this.#port.close();
    const open = [...this.#open.values()];
    this.#open.clear();
    this.#worker.hold(false);
    for (const { reject } of open) reject(this.#ended);
  }
}

/** What is given to a call, without what cannot be sent, and that. */
function withoutOptions(given: unknown[]): [sent: unknown[], options: Options] {
  const last = given.at(-1);
  if (typeof last !== 'object' || last === null || last instanceof Uint8Array)
    return [[...given], {}];
  const { onProgress, signal, ...rest } = last as Options;
  const sent = Array.isArray(last) ? last : { ...rest, ...(onProgress && { onProgress: true }) };
  const options = { ...(onProgress && { onProgress }), ...(signal && { signal }) };
  return [[...given.slice(0, -1), sent], options];
}

function signalOf(given: unknown[]): AbortSignal | undefined {
  return withoutOptions(given)[1].signal;
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

/** The call that the start is. */
const START = 0;
/** How long a script may take to come and run. */
const START_MS_MAX = 60_000;
