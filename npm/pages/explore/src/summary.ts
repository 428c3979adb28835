import type { Engine } from './engine.js';
import { key, split, type Name } from './names.js';

/** A file or directory with all that is below it. */
export interface Size {
  name: Name;
  path: Name;
  kind: string;
  bytes: number;
  /** Files in it; 1 for a file. */
  files: number;
  children: Map<string, Size>;
}

/** The sizes of a whole tree; of more than `PATHS_MAX` paths only those. */
export interface Summary {
  top: Size;
  directories: number;
  isWhole: boolean;
}

/** Walks through a tree once. */
export async function summarize(
  engine: Engine,
  root: string,
  signal: AbortSignal,
): Promise<Summary> {
  const top = sizeOf('', '', 'directory');
  let paths = 0;
  let directories = 0;
  for await (const { path, kind, bytes } of engine.walk(root)) {
    signal.throwIfAborted();
    paths += 1;
    if (paths > PATHS_MAX) return { top, directories, isWhole: false };
    // The page is for who looks at it, also while this runs.
    if (paths % BREATH === 0) await new Promise((resolve) => setTimeout(resolve));
    const names = split(path);
    const isFile = kind !== 'directory';
    if (!isFile) directories += 1;
    put(top, names, path, { kind, bytes: bytes ?? 0, files: isFile ? 1 : 0 });
  }
  return { top, directories, isWhole: true };
}

/** What a summary knows of a path. */
export function at(summary: Summary | undefined, names: Name[]): Size | undefined {
  let size = summary?.top;
  for (const name of names) size = size?.children.get(key(name));
  return size;
}

/** Puts a thing below a directory; what is above it grows by it. */
export function put(
  top: Size,
  names: Name[],
  path: Name,
  { kind, bytes, files }: { kind: string; bytes: number; files: number },
): Size {
  let directory = top;
  const own = kind === 'directory' ? 0 : bytes;
  for (const [depth, name] of names.entries()) {
    directory.bytes += own;
    directory.files += files;
    const isLast = depth === names.length - 1;
    let next = directory.children.get(key(name));
    if (next === undefined) {
      const above = typeof path === 'string' ? names.slice(0, depth + 1).join('/') : path;
      next = sizeOf(name, isLast ? path : above, isLast ? kind : 'directory');
      directory.children.set(key(name), next);
    }
    directory = next;
  }
  directory.bytes += own;
  directory.files += files;
  return directory;
}

export function sizeOf(name: Name, path: Name, kind: string): Size {
  return { name, path, kind, bytes: 0, files: 0, children: new Map() };
}

const PATHS_MAX = 250_000;
const BREATH = 2_000;
