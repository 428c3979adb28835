import type { FileSource, GivenGap } from './engine.js';
import { some } from './numbers.js';

/** What a person gave: it can be read again, from the beginning. */
export interface Source {
  label: string;
  /** How many files and bytes there are, if the browser told. */
  total?: { files: number; bytes: number };
  /** Its files, and what cannot be read of it. */
  open(): Promise<FileSource>;
}

/**
 * What was dropped; call it while the event is handled, for the browser forgets it after.
 *
 * A handle of a directory can be read in the worker, while the page is free. But it leaves out,
 * without a word, all files whose names Chromium thinks unsafe, such as `a:b`, `con.txt` or one
 * with a family of emoji. Entries have them all; so both are listed, and if they differ, entries
 * are read.
 */
export function fromDrop(data: DataTransfer): Source | undefined {
  const items = Array.from(data.items).filter(({ kind }) => kind === 'file');
  const found = items.map((item) => item.webkitGetAsEntry() ?? item.getAsFile());
  const given = found.filter((it): it is Given => it !== null);
  const [only] = given;
  if (only === undefined) return undefined;
  if (given.length > 1 || !isDirectory(only)) {
    const label = given.length > 1 ? some(given.length, 'item') : only.name;
    return { label, open: async () => filesOf(given, '') };
  }
  // One folder is what is in it.
  const handle = items[0]?.getAsFileSystemHandle?.().catch(() => null);
  const open = async (): Promise<FileSource> => {
    const directory = (await handle) as FileSystemDirectoryHandle | null | undefined;
    const isWhole = directory?.kind === 'directory' && (await hasAll(directory, only));
    return isWhole ? directory : filesBelow(only, '');
  };
  return { label: only.name, open };
}

/** Files that were picked; those of a folder know their paths. */
export function fromFiles(list: FileList | File[]): Source | undefined {
  const files = Array.from(list);
  const [first] = files;
  if (first === undefined) return undefined;
  const top = first.webkitRelativePath.split('/')[0] ?? '';
  const label = top !== '' ? top : files.length === 1 ? first.name : some(files.length, 'item');
  const total = { files: files.length, bytes: files.reduce((sum, file) => sum + file.size, 0) };
  const path = (file: File): string => file.webkitRelativePath.slice(top.length + 1) || file.name;
  const named = files.map((file) => [path(file), file] as const);
  return { label, total, open: async () => named };
}

type Given = FileSystemEntry | File;
type Found = AsyncGenerator<readonly [path: string, file: File | null] | GivenGap>;

/** Files first, then what is in the directories. */
async function* filesOf(given: Given[], above: string): Found {
  const directories = given.filter(isDirectory);
  const others = given.filter((it) => !isDirectory(it));
  const path = ({ name }: Given): string => (above === '' ? name : `${above}/${name}`);
  // A browser that is asked for all of a large directory at once is busy with that alone.
  for (let from = 0; from < others.length; from += AT_ONCE) {
    const asked = others.slice(from, from + AT_ONCE).map(async (it) => {
      return fileOf(it).then(
        (file) => [path(it), file] as const,
        () => gap(path(it), it.name),
      );
    });
    yield* await Promise.all(asked);
  }
  for (const directory of directories) yield* filesBelow(directory, path(directory));
}

/** A directory, if it has a path here, and all that is in it, or nothing of it. */
async function* filesBelow(directory: FileSystemDirectoryEntry, path: string): Found {
  let inside: FileSystemEntry[];
  try {
    inside = await listed(directory);
  } catch {
    yield gap(path === '' ? directory.name : path, directory.name);
    return;
  }
  if (path !== '') yield [path, null];
  yield* filesOf(inside, path);
}

/** Chromium leaves the name empty if it is not UTF-8. */
function gap(path: string, name: string): GivenGap {
  const isNameless = name === '';
  return {
    path: path + (isNameless ? '?' : ''),
    reason: isNameless ? 'name' : 'unreadable',
    attempts: 1,
  };
}

/** Whether a handle shows exactly what entries show, in all directories. */
async function hasAll(
  handle: FileSystemDirectoryHandle,
  entry: FileSystemDirectoryEntry,
): Promise<boolean> {
  const below: [FileSystemDirectoryHandle, FileSystemDirectoryEntry][] = [[handle, entry]];
  try {
    for (let at = below.pop(); at !== undefined; at = below.pop()) {
      // Of files only the names are kept: to look through a hundred thousand entries that live on
      // takes the browser more than a second, while the page stands still.
      const names = new Map<string, FileSystemDirectoryEntry | undefined>();
      for await (const it of entriesOf(at[1])) {
        names.set(it.name, isDirectory(it) ? it : undefined);
      }
      let seen = 0;
      for await (const child of at[0].values()) {
        seen += 1;
        if (seen % BREATH === 0) await new Promise((resolve) => setTimeout(resolve));
        const known = names.get(child.name);
        const isThere = known !== undefined || names.has(child.name);
        if (!isThere || (known !== undefined) !== (child.kind === 'directory')) return false;
        if (known !== undefined) below.push([child as FileSystemDirectoryHandle, known]);
      }
      if (seen !== names.size) return false;
    }
    return true;
  } catch {
    // Whoever reads it tells what is wrong.
    return false;
  }
}

async function listed(directory: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const all: FileSystemEntry[] = [];
  for await (const it of entriesOf(directory)) all.push(it);
  return all;
}

async function* entriesOf(directory: FileSystemDirectoryEntry): AsyncGenerator<FileSystemEntry> {
  const reader = directory.createReader();
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    // It answers a part at a time; an empty one is the last.
    if (some.length === 0) return;
    yield* some;
  }
}

async function fileOf(it: Given): Promise<File> {
  if (it instanceof File) return it;
  return new Promise((resolve, reject) => (it as FileSystemFileEntry).file(resolve, reject));
}

function isDirectory(it: Given): it is FileSystemDirectoryEntry {
  return 'isDirectory' in it && it.isDirectory;
}

/** Files that are asked for together. */
const AT_ONCE = 64;
/** Names that are looked at before the page may do something else. */
const BREATH = 256;

declare global {
  interface DataTransferItem {
    getAsFileSystemHandle?: () => Promise<FileSystemHandle | null>;
  }
}
