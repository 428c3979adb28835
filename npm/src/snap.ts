import type * as wasm from '../wasm/markerbed_web.js';
import { MarkerbedError, told } from './errors.js';
import { bytesOf, type PathLike } from './paths.js';
import {
  foundIn, named, reasonOf, unreadable,
  type FileBytes, type FileSource, type Found, type Gap,
} from './sources.js';

/** How far it is. */
export interface SnapProgress {
  /** Files that were taken so far. */
  files: number;
  /** Bytes that they have. */
  bytes: number;
}

/** How files are taken. */
export interface WriteOptions {
  /** Hears how far it is, after each file. */
  onProgress?: (progress: SnapProgress) => void;
  /** Ends it; what was put until then stays in the store and does no harm. */
  signal?: AbortSignal;
  /**
   * What becomes of a file or directory that cannot be read, or has no name that a tree can hold:
   * `fail` ends it, `skip` goes on and lists it as a gap. By default it fails.
   */
  unreadable?: 'fail' | 'skip';
}

/** How files are taken, and what is recorded of them. */
export interface SnapOptions extends WriteOptions {
  /** What people call the source; the ref of that name moves to it. By default `files`. */
  label?: string;
  /** What is to be said of the snapshot. */
  message?: string;
  /** Records it also if nothing has changed. */
  always?: boolean;
  /** When it was taken; by default now. */
  time?: Date;
}

export interface Written extends SnapProgress {
  /** The root of the tree: 64 hexadecimal digits that mean exactly these files. */
  root: string;
  /** What is not in it. */
  gaps: Gap[];
}

/** Reads all files of a source, puts them, and makes their tree. */
export async function writeTree(
  workspace: wasm.Workspace,
  source: FileSource,
  options: WriteOptions,
): Promise<Written> {
  const taken = new Taken(workspace, options);
  for await (const found of foundIn(source)) {
    options.signal?.throwIfAborted();
    await taken.take(found);
  }
  return taken.finish();
}

/** A directory on the way, or a file with the number of its content. */
type Entry = Directory | { content: string; size: bigint };
type Directory = Map<string, Entry>;

/** Where something goes. */
interface Place {
  path: PathLike;
  directory: Directory;
  name: string;
}

class Taken {
  readonly #root: Directory = new Map();
  readonly #progress: SnapProgress = { files: 0, bytes: 0 };
  readonly #gaps: Gap[] = [];
  readonly #workspace: wasm.Workspace;
  readonly #options: WriteOptions;
  /** Files that are being read, at once, to be taken in their order. */
  readonly #reading: { place: Place; outcome: Promise<Outcome> }[] = [];
  /** Small contents that are put together, and where they go. */
  #waiting: { bytes: Uint8Array; place: Place }[] = [];
  #waitingBytes = 0;
  /** What is being put while more is read. */
  #putting: Promise<void> = Promise.resolve();

  constructor(workspace: wasm.Workspace, options: WriteOptions) {
    this.#workspace = workspace;
    this.#options = options;
  }

  async take({ path, open, failure }: Found): Promise<void> {
    if (failure !== undefined) return this.#leaveOut(path, failure.error, failure.attempts);
    let place: Place | undefined;
    try {
      place = this.#placeOf(path);
    } catch (error) {
      return this.#leaveOut(path, error, 1);
    }
    if (open === null) {
      const there = place.directory.get(place.name);
      if (there !== undefined && !(there instanceof Map)) throw twice(path);
      place.directory.set(place.name, there ?? new Map());
      return;
    }
    if (place.directory.has(place.name)) throw twice(path);
    // Known to be taken.
    place.directory.set(place.name, { content: '', size: 0n });
    const reading = { place, outcome: readOf(path, open) };
    if (this.#reading.push(reading) >= READ_ITEMS) await this.#takeRead();
  }

  async finish(): Promise<Written> {
    while (this.#reading.length > 0) await this.#takeRead();
    await this.#put();
    await this.#putting;
    const writer = await told(() => this.#workspace.beginTree());
    try {
      const steps: object[] = [];
      for (const step of walk(this.#root)) {
        if (steps.push(step) >= CALL_ITEMS) await told(() => writer.take(steps.splice(0)));
        this.#options.signal?.throwIfAborted();
      }
      await told(() => writer.take(steps));
      const root = await told(() => writer.finish());
      return { root, ...this.#progress, gaps: this.#gaps };
    } finally {
      writer.free();
    }
  }

  /** Where a path goes; the directories above it are made. */
  #placeOf(path: PathLike): Place {
    const bytes = bytesOf(path);
    const names = latin1(bytes).split('/');
    if (names.some((name) => NO_NAMES.has(name) || name.length > NAME_BYTES_MAX)) {
      const what = `a name is empty, ".", ".." or above ${NAME_BYTES_MAX} bytes`;
      throw new MarkerbedError('bad-name', `${named(path)} is no path: ${what}`);
    }
    if (names.length > DEPTH_MAX) {
      throw new MarkerbedError('too-deep', `${named(path)} has more than ${DEPTH_MAX} names`);
    }
    const name = names.pop() ?? '';
    let directory = this.#root;
    for (const above of names) {
      const found = directory.get(above) ?? new Map<string, Entry>();
      if (!(found instanceof Map)) throw twice(path);
      directory.set(above, found);
      directory = found;
    }
    return { path, directory, name };
  }

  /** Takes the file that has been read for longest. */
  async #takeRead(): Promise<void> {
    const reading = this.#reading.shift();
    if (reading === undefined) return;
    const { place } = reading;
    const outcome = await reading.outcome;
    this.#options.signal?.throwIfAborted();
    if ('error' in outcome) {
      this.#withdraw(place, outcome.error, outcome.attempts);
    } else if (outcome.bytes instanceof Uint8Array) {
      await this.#wait(outcome.bytes, place);
    } else {
      await this.#stream(outcome.bytes, place);
    }
  }

  async #wait(bytes: Uint8Array, place: Place): Promise<void> {
    this.#waiting.push({ bytes, place });
    this.#waitingBytes += bytes.length;
    this.#count(bytes.length);
    if (this.#waiting.length >= CALL_ITEMS || this.#waitingBytes >= CALL_BYTES) await this.#put();
  }

  /** Begins to put what waits, once what was put before is there. */
  async #put(): Promise<void> {
    await this.#putting;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    if (waiting.length === 0) return;
    this.#putting = told(async () => {
      const ids = await this.#workspace.putContents(waiting.map(({ bytes }) => bytes));
      waiting.forEach(({ bytes, place: { directory, name } }, at) => {
        directory.set(name, { content: ids[at] ?? '', size: BigInt(bytes.length) });
      });
    });
    // Who waits for it hears of it; until then nobody does.
    this.#putting.catch(() => {});
  }

  async #stream(blob: Blob, place: Place): Promise<void> {
    const { path, directory, name } = place;
    const writer = await told(() => this.#workspace.writeContent());
    try {
      for (let at = 0; at < blob.size; at += PIECE_BYTES) {
        this.#options.signal?.throwIfAborted();
        const piece = await wholeOf(path, blob.slice(at, at + PIECE_BYTES));
        await told(() => writer.write(piece));
      }
      const { id, size } = (await told(() => writer.finish())) as { id: string; size: bigint };
      if (size !== BigInt(blob.size)) throw changed(path);
      directory.set(name, { content: id, size });
      this.#count(Number(size));
    } catch (error) {
      this.#withdraw(place, error, 1);
    } finally {
      writer.free();
    }
  }

  #withdraw({ path, directory, name }: Place, error: unknown, attempts: number): void {
    this.#leaveOut(path, error, attempts);
    directory.delete(name);
  }

  /** Goes on without something, if that is wanted. */
  #leaveOut(path: PathLike, error: unknown, attempts: number): void {
    const reason = reasonOf(error);
    if (reason === undefined || this.#options.unreadable !== 'skip') throw error;
    const mended = typeof path === 'string' ? path.toWellFormed() : path;
    this.#gaps.push({ path: mended, reason, attempts });
  }

  #count(bytes: number): void {
    this.#progress.files += 1;
    this.#progress.bytes += bytes;
    this.#options.onProgress?.({ ...this.#progress });
  }
}

type Outcome = { bytes: FileBytes } | { error: unknown; attempts: number };

/** Reads a small file, or opens a large one; tries again what changed in the middle. */
async function readOf(path: PathLike, open: () => Promise<FileBytes>): Promise<Outcome> {
  for (let attempts = 1; ; attempts += 1) {
    try {
      const given = await open();
      const isSmall = given instanceof Blob && given.size <= WHOLE_BYTES_MAX;
      return { bytes: isSmall ? await wholeOf(path, given) : given };
    } catch (cause) {
      const error = cause instanceof MarkerbedError ? cause : unreadable(path, cause);
      if (attempts === ATTEMPTS) return { error, attempts };
    }
  }
}

/** The steps of a walk through a tree. */
function* walk(directory: Directory): Generator<object> {
  for (const [name, entry] of directory) {
    if (entry instanceof Map) {
      yield { enter: fromLatin1(name) };
      yield* walk(entry);
      yield { leave: true };
    } else {
      yield { file: fromLatin1(name), ...entry };
    }
  }
}

async function wholeOf(path: PathLike, blob: Blob): Promise<Uint8Array> {
  const bytes = await blob.arrayBuffer().catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  if (bytes.byteLength !== blob.size) throw changed(path);
  return new Uint8Array(bytes);
}

function changed(path: PathLike): MarkerbedError {
  return new MarkerbedError('file-changed', `${named(path)} changed while it was read`);
}

function twice(path: PathLike): MarkerbedError {
  return new MarkerbedError(
    'name-order',
    `${named(path)} is given twice, or is a file and a directory`,
  );
}

/** Names are bytes; as keys of a map they are strings with a character for each byte. */
function latin1(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

function fromLatin1(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

const NO_NAMES: ReadonlySet<string> = new Set(['', '.', '..']);
/** As the format has them (NAME-1, LIM). */
const NAME_BYTES_MAX = 1_024;
const DEPTH_MAX = 4_096;

/** How often a file is read that cannot be, or changes meanwhile. */
const ATTEMPTS = 3;
/** Files that are read at once. */
const READ_ITEMS = 64;

/** Contents up to this size are read and put together with others. */
const WHOLE_BYTES_MAX = 256 << 10;
const CALL_ITEMS = 1_024;
const CALL_BYTES = 4 << 20;
/** What a larger one is read by. */
const PIECE_BYTES = 1 << 20;
