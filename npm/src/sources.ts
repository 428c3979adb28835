/** Where files come from: what they are called, and how they are read. */
import { MarkerbedError } from './errors.js';
import { bytesOf, shown, type PathLike } from './paths.js';

/** Bytes of a file: all of them, or a `Blob` or `File` that is read piece by piece. */
export type FileBytes = Uint8Array | Blob;

/** A path and its bytes; `null` stands for a directory, in the tree also if it is empty. */
export type GivenFile = readonly [path: PathLike, bytes: FileBytes | null];

/** What is not in a tree. */
export interface Gap {
  /** Where it would be. */
  path: PathLike;
  /** The system refused to give it, it changed each time, or no tree can hold its name. */
  reason: 'unreadable' | 'changed' | 'name' | 'too-deep';
  /** How often it was tried. */
  attempts: number;
}

/** A file, or what whoever gives the files could not read. */
export type Given = GivenFile | Gap;

/**
 * What a tree can be made of. Paths are given in any order; each names one file.
 *
 * A directory handle of Chromium leaves out, without a word, files whose names it thinks unsafe
 * (`a:b`, `con.txt`); a `File` list knows no empty directories. Entries of what was dropped
 * (`webkitGetAsEntry`) have both.
 */
export type FileSource =
  | Iterable<Given>
  | AsyncIterable<Given>
  | Iterable<File>
  | FileList
  | FileSystemDirectoryHandle;

/** Something in a source. */
export interface Found {
  path: PathLike;
  /** Opens a file, anew each time; `null` of a directory. */
  open: (() => Promise<FileBytes>) | null;
  /** Why it cannot be read, if that is known already. */
  failure?: { error: unknown; attempts: number };
}

/** Everything in a source. */
export async function* foundIn(source: FileSource): AsyncGenerator<Found> {
  if (isDirectory(source)) {
    yield* foundBelow(source, '');
    return;
  }
  for await (const given of filesOf(source)) {
    if (isGap(given)) {
      const { path, reason, attempts } = given;
      yield { path, open: null, failure: { error: failureOf(path, reason), attempts } };
    } else {
      const [path, bytes] = given;
      yield { path, open: bytes === null ? null : async () => bytes };
    }
  }
}

/** Whether what was given could not be read. */
export function isGap(given: object): given is Gap {
  return 'reason' in given;
}

/** The reason that a failure becomes if the rest is to be taken all the same. */
export function reasonOf(error: unknown): Gap['reason'] | undefined {
  const code = error instanceof MarkerbedError ? error.code : undefined;
  return REASONS.find(([, of]) => of === code)?.[0];
}

function failureOf(path: PathLike, reason: Gap['reason']): MarkerbedError {
  const code = REASONS.find(([known]) => known === reason)?.[1] ?? 'bad-usage';
  return new MarkerbedError(code, `${named(path)} was not read: ${reason}`);
}

/** The files that an iterable gives, proven to be some. */
export async function* filesOf(
  source: Exclude<FileSource, FileSystemDirectoryHandle>,
): AsyncGenerator<Given> {
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

function checked(file: Given): Given {
  if (typeof file === 'object' && file !== null && isGap(file)) {
    const isKnown = REASONS.some(([reason]) => reason === file.reason);
    if (isKnown && isPathLike(file.path) && Number.isInteger(file.attempts)) return file;
    throw new MarkerbedError('bad-usage', 'a gap has a path, a reason and a number of attempts');
  }
  const [path, bytes] = Array.isArray(file) ? (file as unknown[]) : [];
  const isPath = isPathLike(path);
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
    const error = unreadable(above, cause);
    if (above === '') throw error;
    yield { path: above, open: null, failure: { error, attempts: 1 } };
    return;
  }
  if (above !== '') yield { path: above, open: null };
  for (const [name, handle] of children) {
    const path = above === '' ? name : `${above}/${name}`;
    if (handle instanceof FileSystemDirectoryHandle) yield* foundBelow(handle, path);
    else yield { path, open: () => (handle as FileSystemFileHandle).getFile() };
  }
}

function isPathLike(path: unknown): path is PathLike {
  return typeof path === 'string' || path instanceof Uint8Array;
}

/** Reasons of gaps, and the codes that they have if they end it. */
const REASONS: readonly (readonly [Gap['reason'], string])[] = [
  ['unreadable', 'file-unreadable'],
  ['changed', 'file-changed'],
  ['name', 'bad-name'],
  ['too-deep', 'too-deep'],
];
