/** Where files come from: what they are called, and how they are read. */
import { MarkerbedError } from './errors.js';
import { bytesOf, shown, type PathLike } from './paths.js';

/** Bytes of a file: all of them, or a `Blob` or `File` that is read piece by piece. */
export type FileBytes = Uint8Array | Blob;

/** A path and its bytes; `null` stands for a directory, in the tree also if it is empty. */
export type GivenFile = readonly [path: PathLike, bytes: FileBytes | null];

/** What a tree can be made of. Paths are given in any order; each names one file. */
export type FileSource =
  | Iterable<GivenFile>
  | AsyncIterable<GivenFile>
  | Iterable<File>
  | FileList
  | FileSystemDirectoryHandle;

/** Something in a source. */
export interface Found {
  path: PathLike;
  /** Opens a file, anew each time; `null` of a directory. Throws what says why it cannot. */
  open: (() => Promise<FileBytes>) | null;
}

/** Everything in a source. */
export async function* foundIn(source: FileSource): AsyncGenerator<Found> {
  if (isDirectory(source)) {
    yield* foundBelow(source, '');
    return;
  }
  for await (const [path, bytes] of filesOf(source)) {
    yield { path, open: bytes === null ? null : async () => bytes };
  }
}

/** The files that an iterable gives, proven to be some. */
export async function* filesOf(
  source: Exclude<FileSource, FileSystemDirectoryHandle>,
): AsyncGenerator<GivenFile> {
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

/** A path as messages show it. */
export function named(path: PathLike): string {
  const text = typeof path === 'string' ? path : shown(path);
  return typeof text === 'string' ? JSON.stringify(text) : `the path of bytes ${String(text)}`;
}

/** That something in a source cannot be read. */
export function unreadable(path: PathLike, cause: unknown): MarkerbedError {
  const message = `${named(path)} cannot be read, or changed while it was read: ${String(cause)}`;
  return new MarkerbedError('file-unreadable', message, { cause });
}

function checked(file: GivenFile): GivenFile {
  const [path, bytes] = Array.isArray(file) ? (file as unknown[]) : [];
  const isPath = typeof path === 'string' || path instanceof Uint8Array;
  const isFile = bytes === null || bytes instanceof Uint8Array || bytes instanceof Blob;
  if (isPath && isFile) return file;
  throw new MarkerbedError('bad-usage', 'a file is given as a path and its bytes, or as a File');
}

async function* foundBelow(
  directory: FileSystemDirectoryHandle,
  above: string,
): AsyncGenerator<Found> {
  const children: [string, FileSystemHandle][] = [];
  try {
    // All of it first: of a directory that cannot be listed to its end nothing is taken.
    for await (const child of directory.entries()) children.push(child);
  } catch (cause) {
    const refuse = () => Promise.reject(unreadable(above, cause));
    yield { path: above, open: refuse };
    return;
  }
  if (above !== '') yield { path: above, open: null };
  for (const [name, handle] of children) {
    const path = above === '' ? name : `${above}/${name}`;
    if (handle instanceof FileSystemDirectoryHandle) yield* foundBelow(handle, path);
    else yield { path, open: () => (handle as FileSystemFileHandle).getFile() };
  }
}
