import type * as wasm from '../wasm/markerbed_web.js';
import { MarkerbedError, told } from './errors.js';
import { bytesOf, shown, type PathLike } from './paths.js';

/** Bytes of a file: all of them, or a `Blob` or `File` that is read piece by piece. */
export type FileBytes = Uint8Array | Blob;

/** What a tree can be made of. Paths are given in any order; each names one file. */
export type FileSource =
  | Iterable<readonly [path: PathLike, bytes: FileBytes]>
  | AsyncIterable<readonly [path: PathLike, bytes: FileBytes]>
  | Iterable<File>
  | FileList
  | FileSystemDirectoryHandle;

export interface SnapProgress {
  /** Files that were taken so far. */
  files: number;
  /** Bytes that they have. */
  bytes: number;
}

export interface SnapOptions {
  /** Hears how far it is, after each file. */
  onProgress?: (progress: SnapProgress) => void;
  /** Ends it; what was put until then stays in the store and does no harm. */
  signal?: AbortSignal;
}

export interface Snapped extends SnapProgress {
  /** The root of the tree: 64 hexadecimal digits that mean exactly these files. */
  root: string;
}

/** Reads all files of a source, puts them, and makes their tree. */
export async function snap(
  workspace: wasm.Workspace,
  source: FileSource,
  options: SnapOptions,
): Promise<Snapped> {
  const taken = new Taken(workspace, options);
  for await (const [path, bytes] of filesOf(source)) {
    options.signal?.throwIfAborted();
    await taken.add(path, bytes);
  }
  return taken.finish();
}

/** A directory on the way, or a file with the number of its content. */
type Entry = Directory | { content: string; size: bigint };
type Directory = Map<string, Entry>;

class Taken {
  readonly #root: Directory = new Map();
  readonly #progress: SnapProgress = { files: 0, bytes: 0 };
  readonly #workspace: wasm.Workspace;
  readonly #options: SnapOptions;
  /** Small contents that are put together, and where they go. */
  #waiting: { bytes: Uint8Array; put: (id: string) => void }[] = [];
  #waitingBytes = 0;

  constructor(workspace: wasm.Workspace, options: SnapOptions) {
    this.#workspace = workspace;
    this.#options = options;
  }

  async add(path: PathLike, given: FileBytes): Promise<void> {
    const place = this.#place(path);
    if (given instanceof Uint8Array || given.size <= WHOLE_BYTES_MAX) {
      const bytes = given instanceof Uint8Array ? given : await whole(path, given);
      this.#waiting.push({
        bytes,
        put: (content) => place({ content, size: BigInt(bytes.length) }),
      });
      this.#waitingBytes += bytes.length;
      this.#count(bytes.length);
      if (this.#waiting.length >= CALL_ITEMS || this.#waitingBytes >= CALL_BYTES) await this.#put();
    } else {
      const { id, size } = await this.#stream(path, given);
      place({ content: id, size });
      this.#count(Number(size));
    }
  }

  async finish(): Promise<Snapped> {
    await this.#put();
    const writer = await told(() => this.#workspace.beginTree());
    try {
      const steps: object[] = [];
      for (const step of walk(this.#root)) {
        if (steps.push(step) >= CALL_ITEMS) await told(() => writer.take(steps.splice(0)));
        this.#options.signal?.throwIfAborted();
      }
      await told(() => writer.take(steps));
      return { root: await told(() => writer.finish()), ...this.#progress };
    } finally {
      writer.free();
    }
  }

  /** Where a file goes; its directories are made. */
  #place(path: PathLike): (entry: Entry) => void {
    const names = latin1(bytesOf(path)).split('/');
    if (names.some((name) => NO_NAMES.has(name))) {
      throw new MarkerbedError('bad-name', `${named(path)} is no path: a name is empty, "." or ".."`);
    }
    const name = names.pop() ?? '';
    let directory = this.#root;
    for (const above of names) {
      const found = directory.get(above) ?? new Map<string, Entry>();
      if (!(found instanceof Map)) throw twice(path);
      directory.set(above, found);
      directory = found;
    }
    if (directory.has(name)) throw twice(path);
    // Kept in the order in which it came, and known to be taken.
    directory.set(name, { content: '', size: 0n });
    return (entry) => directory.set(name, entry);
  }

  #count(bytes: number): void {
    this.#progress.files += 1;
    this.#progress.bytes += bytes;
    this.#options.onProgress?.({ ...this.#progress });
  }

  async #put(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    if (waiting.length === 0) return;
    const ids = await told(() => this.#workspace.putContents(waiting.map(({ bytes }) => bytes)));
    waiting.forEach(({ put }, at) => put(ids[at] ?? ''));
  }

  async #stream(path: PathLike, blob: Blob): Promise<{ id: string; size: bigint }> {
    const writer = await told(() => this.#workspace.writeContent());
    try {
      for (let at = 0; at < blob.size; at += PIECE_BYTES) {
        this.#options.signal?.throwIfAborted();
        const piece = await whole(path, blob.slice(at, at + PIECE_BYTES));
        await told(() => writer.write(piece));
      }
      const written = (await told(() => writer.finish())) as { id: string; size: bigint };
      if (written.size !== BigInt(blob.size)) throw changed(path);
      return written;
    } finally {
      writer.free();
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

/** The files of a source, whatever it is. */
export async function* filesOf(source: FileSource): AsyncGenerator<readonly [PathLike, FileBytes]> {
  if (isDirectory(source)) {
    yield* filesBelow(source, '');
    return;
  }
  const isIterable = source && (Symbol.iterator in source || Symbol.asyncIterator in source);
  if (!isIterable) throw new MarkerbedError('bad-usage', 'this is no source of files');
  for await (const file of source) {
    yield file instanceof Blob ? [file.webkitRelativePath || file.name, file] : checked(file);
  }
}

/** Whether a source is a directory, which another thread can read as well. */
export function isDirectory(source: FileSource): source is FileSystemDirectoryHandle {
  const Handle = globalThis.FileSystemDirectoryHandle;
  return Handle !== undefined && source instanceof Handle;
}

function checked(file: readonly [PathLike, FileBytes]): readonly [PathLike, FileBytes] {
  const [path, bytes] = Array.isArray(file) ? file : [];
  const isPath = typeof path === 'string' || path instanceof Uint8Array;
  if (isPath && (bytes instanceof Uint8Array || bytes instanceof Blob)) return file;
  throw new MarkerbedError('bad-usage', 'a file is given as a path and its bytes, or as a File');
}

async function* filesBelow(
  directory: FileSystemDirectoryHandle,
  above: string,
): AsyncGenerator<readonly [PathLike, FileBytes]> {
  for await (const [name, handle] of directory.entries()) {
    const path = above === '' ? name : `${above}/${name}`;
    if (handle instanceof FileSystemDirectoryHandle) yield* filesBelow(handle, path);
    else yield [path, await opened(path, handle as FileSystemFileHandle)];
  }
}

async function opened(path: string, handle: FileSystemFileHandle): Promise<File> {
  try {
    return await handle.getFile();
  } catch (error) {
    throw unreadable(path, error);
  }
}

async function whole(path: PathLike, blob: Blob): Promise<Uint8Array> {
  try {
    return new Uint8Array(await blob.arrayBuffer());
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: PathLike, cause: unknown): MarkerbedError {
  const message = `${named(path)} cannot be read, or changed while it was read: ${String(cause)}`;
  return new MarkerbedError('file-unreadable', message, { cause });
}

function changed(path: PathLike): MarkerbedError {
  return new MarkerbedError('file-changed', `${named(path)} changed while it was read`);
}

function twice(path: PathLike): MarkerbedError {
  return new MarkerbedError('name-order', `${named(path)} is given twice, or is a file and a directory`);
}

function named(path: PathLike): string {
  const text = shown(bytesOf(path));
  return typeof text === 'string' ? JSON.stringify(text) : String(text);
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

/** Contents up to this size are read and put together with others. */
const WHOLE_BYTES_MAX = 256 << 10;
const CALL_ITEMS = 1_024;
const CALL_BYTES = 4 << 20;
/** What a larger one is read by. */
const PIECE_BYTES = 1 << 20;
