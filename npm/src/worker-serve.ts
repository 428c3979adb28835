/** What a worker does: it computes what the thread asks for that started it. */
import { load, type WasmSource } from './engine.js';
import { MarkerbedError } from './errors.js';
import { contentIds, verify } from './proofs.js';
import type { SnapProgress } from './snap.js';
import { Workspace, removeStore } from './workspace.js';
import { FileReceiver } from './worker-files.js';
import { WorkerMarks } from './worker-marks.js';
import {
  ENGINE_NUMBER, PROTOCOL, alone, buffersOf, failureOf,
  type Answer, type Request, type SentSource, type Shape, type Start,
} from './worker-messages.js';
import { ENGINE, WORKSPACE } from './worker-remote.js';

/** Whether a message to the worker begins a connection. */
export function isStart(message: unknown): message is Start {
  return typeof message === 'object' && message !== null && 'markerbed' in message;
}

/** Answers over the port of a start, until the worker ends. */
export async function serve(
  start: Start,
  opened: (wasm: WasmSource) => Promise<WasmSource>,
): Promise<void> {
  const served = new Served(start.port);
  if (start.markerbed !== PROTOCOL) {
    const message = 'the script of the worker is of another version of markerbed';
    return served.fail(START, new MarkerbedError('worker-mismatch', message));
  }
  if (start.lock !== undefined) await hold(start.lock);
  served.post({ told: 'here' });
  try {
    await load(() => opened(start.wasm));
    served.post({ told: 'value', call: START, value: undefined });
  } catch (error) {
    served.fail(START, error);
  }
}

/** Holds a Web Lock for good; resolves when it is held. */
function hold(lock: string): Promise<void> {
  return new Promise((resolve) => {
    void navigator.locks.request(lock, () => {
      resolve();
      return new Promise(() => {});
    });
  });
}

/** A call that is under way. */
interface Serving {
  abort: AbortController;
  files?: FileReceiver;
  items?: AsyncIterator<unknown>;
  /** How many items the next answer may have. */
  room: number;
}

type Thing = Record<string, (...given: unknown[]) => unknown>;

class Served {
  readonly #port: MessagePort;
  readonly #serving = new Map<number, Serving>();
  readonly #things = new Map<number, Thing>([[ENGINE_NUMBER, ENGINE_CALLS]]);
  readonly #marks = new WorkerMarks((mark) => this.post({ told: 'mark', mark }));
  #kept = 0;

  constructor(port: MessagePort) {
    this.#port = port;
    port.onmessage = ({ data }: MessageEvent<Request>) => this.#hear(data);
  }

  post(answer: Answer, transfer: Transferable[] = []): void {
    this.#port.postMessage(answer, transfer);
  }

  fail(call: number, error: unknown): void {
    this.#serving.delete(call);
    // What has stopped in the middle cannot be asked again.
    if (isStopped(error)) return this.post({ told: 'gone', why: String(error) });
    this.post({ told: 'failure', call, failure: failureOf(error) });
  }

  #hear(request: Request): void {
    if (request.ask === 'free') return this.#free(request.on);
    if (request.ask === 'call') return void this.#call(request);
    const serving = this.#serving.get(request.call);
    if (serving === undefined) return;
    if (request.ask === 'files') {
      serving.files?.take(request.files, request.isLast);
    } else if (request.ask === 'no-files') {
      // Who gave them knows why, and throws that.
      serving.files?.fail(new Error('the files did not come'));
    } else if (request.ask === 'abort') {
      serving.abort.abort();
      serving.files?.fail(serving.abort.signal.reason);
    } else if (request.ask === 'next') {
      void this.#next(request.call, serving);
    } else {
      this.#serving.delete(request.call);
      serving.items?.return?.().catch(() => {});
    }
  }

  async #call(request: Extract<Request, { ask: 'call' }>): Promise<void> {
    const { call, on, method, given, mark } = request;
    if (mark !== undefined) this.#marks.learn(mark);
    const serving: Serving = { abort: new AbortController(), room: FIRST_ITEMS };
    this.#serving.set(call, serving);
    try {
      const thing = this.#things.get(on);
      const shape = shapeOf(on, method);
      if (thing === undefined) throw new MarkerbedError('bad-usage', 'the workspace was freed');
      const run = (all: unknown[]) => (thing[method] as Thing[string]).apply(thing, all);
      const progress = new Progress(call, (answer) => this.post(answer));
      const options = this.#options(given, serving, progress);
      if (shape === 'items') {
        serving.items = (run(options) as AsyncIterable<unknown>)[Symbol.asyncIterator]();
        return await this.#next(call, serving);
      }
      if (shape === 'files') options[0] = this.#source(call, given[0] as SentSource, serving);
      const value = await run(options);
      progress.end();
      if (shape === 'stream' && value !== undefined) return this.#stream(call, value, serving);
      this.#serving.delete(call);
      if (shape === 'workspace') this.#keep(call, value as Workspace);
      else this.#tell(call, value);
    } catch (error) {
      this.fail(call, error);
    }
  }

  /** What is given to the call itself: the options with a signal and a listener of this thread. */
  #options(given: unknown[], { abort }: Serving, progress: Progress): unknown[] {
    const last = given.at(-1);
    const isOptions =
      typeof last === 'object' && last !== null && Object.getPrototypeOf(last) === Object.prototype;
    if (!isOptions) return [...given];
    const options: object = { ...last, signal: abort.signal };
    if ('onProgress' in last) {
      Object.assign(options, { onProgress: (it: SnapProgress) => progress.take(it) });
    }
    return [...given.slice(0, -1), options];
  }

  #source(call: number, sent: SentSource, serving: Serving): unknown {
    if (sent !== 'pulled') return sent;
    serving.files = new FileReceiver(call, (answer) => this.post(answer));
    return serving.files;
  }

  #keep(call: number, workspace: Workspace): void {
    this.#kept += 1;
    this.#things.set(this.#kept, workspace as unknown as Thing);
    this.post({ told: 'kept', call, on: this.#kept, id: workspace.id });
  }

  #stream(call: number, value: unknown, serving: Serving): void {
    serving.items = (value as ReadableStream<Uint8Array>)[Symbol.asyncIterator]();
    serving.room = 1;
    this.post({ told: 'kept', call, on: call });
  }

  /** Tells the next items: few at first, since who asks may want no more. */
  async #next(call: number, serving: Serving): Promise<void> {
    try {
      const items: unknown[] = [];
      let isLast = false;
      while (items.length < serving.room && !isLast) {
        const { value, done } = await (serving.items as AsyncIterator<unknown>).next();
        isLast = done === true;
        if (!isLast) items.push(value instanceof Uint8Array ? alone(value) : value);
      }
      if (serving.room > 1) serving.room = Math.min(serving.room * 2, ITEMS_MAX);
      if (isLast) this.#serving.delete(call);
      this.post({ told: 'items', call, items, isLast }, buffersOf(items));
    } catch (error) {
      this.fail(call, error);
    }
  }

  #tell(call: number, value: unknown): void {
    const told = value instanceof Uint8Array ? alone(value) : value;
    this.post({ told: 'value', call, value: told }, buffersOf(told));
  }

  #free(on: number): void {
    const thing = this.#things.get(on);
    this.#things.delete(on);
    (thing as Workspace | undefined)?.free();
  }
}

/** How far a call is: told now and then, and how far it came in the end. */
class Progress {
  readonly #call: number;
  readonly #post: (answer: Answer) => void;
  #toldAt = -Infinity;
  #untold: SnapProgress | undefined;

  constructor(call: number, post: (answer: Answer) => void) {
    this.#call = call;
    this.#post = post;
  }

  take(progress: SnapProgress): void {
    this.#untold = progress;
    if (performance.now() - this.#toldAt >= PROGRESS_MS) this.end();
  }

  end(): void {
    if (this.#untold === undefined) return;
    this.#post({ told: 'progress', call: this.#call, progress: this.#untold });
    this.#untold = undefined;
    this.#toldAt = performance.now();
  }
}

/** Whether the wasm stopped in the middle: who waits for it then waits for ever. */
export function isStopped(error: unknown): boolean {
  return typeof WebAssembly === 'object' && error instanceof WebAssembly.RuntimeError;
}

function shapeOf(on: number, method: string): Shape {
  const shapes: Record<string, Shape> = on === ENGINE_NUMBER ? ENGINE : WORKSPACE;
  const shape = Object.hasOwn(shapes, method) ? shapes[method] : undefined;
  if (shape === undefined) throw new MarkerbedError('bad-usage', `there is no call ${method}`);
  return shape;
}

const ENGINE_CALLS: Thing = {
  inMemory: (...given) => Workspace.inMemory(...(given as [])),
  create: (...given) => Workspace.create(...(given as [string])),
  open: (...given) => Workspace.open(...(given as [string])),
  openOrCreate: (...given) => Workspace.openOrCreate(...(given as [string])),
  removeStore: (name) => removeStore(name as string),
  contentIds: (contents) => contentIds(contents as Uint8Array[]),
  verify: (proof, root) => verify(proof as Uint8Array, root as string | undefined),
};

/** The call that the start is. */
const START = 0;
const PROGRESS_MS = 50;
const FIRST_ITEMS = 16;
const ITEMS_MAX = 1_024;
