/** Files on their way to a worker: in bounded batches, and no faster than they are taken. */
import type { PathLike } from './paths.js';
import { isGap, type Given } from './sources.js';
import {
  buffersOf,
  type Answer,
  type Request,
  type Sent,
  type SentFile,
} from './worker-messages.js';

/** Sends what an iterator gives; each batch takes the page a few milliseconds at most. */
export class FileSender {
  readonly #call: number;
  readonly #files: AsyncIterator<Given>;
  readonly #post: (request: Request, transfer: Transferable[]) => void;
  /** A large file that is only partly sent. */
  #open: { path: PathLike; bytes: Uint8Array; at: number } | undefined;
  #sending: Promise<void> = Promise.resolve();
  #isOver = false;
  /** What the iterator threw. */
  failure: { error: unknown } | undefined;

  constructor(
    call: number,
    files: AsyncIterable<Given>,
    post: (request: Request, transfer: Transferable[]) => void,
  ) {
    this.#call = call;
    this.#files = files[Symbol.asyncIterator]();
    this.#post = post;
  }

  /** Sends the next batch. */
  send(): void {
    this.#sending = this.#sending.then(() => this.#batch());
  }

  /** Closes the iterator if it was not at its end. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // Not waited for, since it may wait for ever itself; and the call has an answer already.
    this.#files.return?.().catch(() => {});
  }

  async #batch(): Promise<void> {
    if (this.#isOver) return;
    const files: Sent[] = [];
    const until = performance.now() + BATCH_MS;
    let room = BATCH_BYTES;
    let isLast = false;
    try {
      while (files.length < BATCH_FILES && room > 0 && performance.now() < until) {
        const file = this.#open ? this.#piece() : await this.#next();
        if (file === undefined) isLast = true;
        if (file === undefined) break;
        files.push(file);
        if (!isGap(file) && file.bytes instanceof Uint8Array) room -= file.bytes.length;
      }
      if (this.#isOver) return;
      this.#isOver = isLast;
      const transfer = buffersOf(files.map((file) => (isGap(file) ? null : file.bytes)));
      this.#post({ ask: 'files', call: this.#call, files, isLast }, transfer);
    } catch (error) {
      this.#isOver = true;
      this.failure = { error };
      this.#post({ ask: 'no-files', call: this.#call }, []);
    }
  }

  async #next(): Promise<Sent | undefined> {
    const { value, done } = await this.#files.next();
    if (done) return undefined;
    if (isGap(value)) return value;
    const [path, bytes] = value;
    if (!(bytes instanceof Uint8Array)) return { path, bytes };
    this.#open = { path, bytes, at: 0 };
    return this.#piece();
  }

  /** A copy of the next bytes: the caller's own stay what they are. */
  #piece(): SentFile | undefined {
    if (this.#open === undefined) return undefined;
    const { path, bytes, at } = this.#open;
    const end = Math.min(at + PIECE_BYTES, bytes.length);
    this.#open = end < bytes.length ? { path, bytes, at: end } : undefined;
    const piece = bytes.slice(at, end);
    return piece.length === bytes.length
      ? { path, bytes: piece }
      : { path, bytes: piece, total: bytes.length };
  }
}

/** Files as they come in, for the worker. */
export class FileReceiver implements AsyncIterable<Given> {
  readonly #call: number;
  readonly #post: (answer: Answer) => void;
  readonly #batches: Sent[][] = [];
  #isLast = false;
  #failure: { error: unknown } | undefined;
  #wake = () => {};
  #whole: { bytes: Uint8Array; at: number } | undefined;

  constructor(call: number, post: (answer: Answer) => void) {
    this.#call = call;
    this.#post = post;
  }

  take(files: Sent[], isLast: boolean): void {
    this.#batches.push(files);
    this.#isLast = isLast;
    this.#wake();
  }

  /** Nothing more comes: the iterator threw, or the call is to end. */
  fail(error: unknown): void {
    this.#failure = { error };
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Given> {
    for (let ahead = 0; ahead < BATCHES_AHEAD; ahead += 1) this.#want();
    for (;;) {
      while (this.#batches.length === 0 && !this.#isLast && !this.#failure) {
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
      if (this.#failure) throw this.#failure.error;
      const batch = this.#batches.shift();
      if (batch === undefined) return;
      this.#want();
      for (const sent of batch) {
        if (isGap(sent)) {
          yield sent;
          continue;
        }
        const { path, bytes, total } = sent;
        const file = total === undefined ? bytes : this.#joined(bytes as Uint8Array, total);
        if (file !== undefined) yield [path, file];
      }
    }
  }

  #want(): void {
    if (!this.#isLast) this.#post({ told: 'want', call: this.#call });
  }

  #joined(piece: Uint8Array, total: number): Uint8Array | undefined {
    const whole = (this.#whole ??= { bytes: new Uint8Array(total), at: 0 });
    whole.bytes.set(piece, whole.at);
    whole.at += piece.length;
    if (whole.at < total) return undefined;
    this.#whole = undefined;
    return whole.bytes;
  }
}

/** How long the page works at one batch. */
const BATCH_MS = 8;
const BATCH_FILES = 256;
const BATCH_BYTES = 4 << 20;
const PIECE_BYTES = 4 << 20;
/** Batches that are under way while one is worked at. */
const BATCHES_AHEAD = 2;
