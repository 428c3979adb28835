import { MarkerbedError, leftOut, type FileSource, type Gap } from './engine.js';
import { some } from './numbers.js';

/** What a person gave: it can be read again, from the beginning. */
export interface Source {
  label: string;
  /** How many files and bytes there are, if the browser told. */
  total?: { files: number; bytes: number };
  /** Its files; of what this side cannot read `skip` leaves a message and gaps. */
  open(unreadable: 'fail' | 'skip'): Promise<Opened>;
}

export interface Opened {
  files: FileSource;
  message?: string;
  gaps: Gap[];
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
  if (given.length > 1) return source(some(given.length, 'item'), (to) => to.all(given, ''));
  if (!isDirectory(only)) return source(only.name, (to) => to.all(given, ''));
  // One folder is what is in it.
  const byEntries = source(only.name, (to) => to.inside(only, ''));
  const handle = items[0]?.getAsFileSystemHandle?.().catch(() => null);
  const open = async (unreadable: 'fail' | 'skip'): Promise<Opened> => {
    const directory = (await handle) as FileSystemDirectoryHandle | null | undefined;
    if (directory?.kind === 'directory' && (await hasAll(directory, only))) {
      return { files: directory, gaps: [] };
    }
    return byEntries.open(unreadable);
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
  return { label, total, open: async () => ({ files: named, gaps: [] }) };
}

type Given = FileSystemEntry | File;
type Found = AsyncGenerator<readonly [path: string, file: File | null]>;

function source(label: string, read: (reader: Reader) => Found): Source {
  return {
    label,
    open: async (unreadable) => {
      if (unreadable === 'fail') return { files: read(new Reader()), gaps: [] };
      // What is left out stands in the snapshot, so it must be known before.
      const gaps: Gap[] = [];
      const files = [];
      for await (const found of read(new Reader(gaps))) files.push(found);
      return { files, gaps, ...(gaps.length > 0 && { message: leftOut(gaps) }) };
    },
  };
}

/** Walks through what was given, each directory before what is in it. */
class Reader {
  readonly #gaps: Gap[] | undefined;

  /** Without `gaps` whatever cannot be read ends it. */
  constructor(gaps?: Gap[]) {
    this.#gaps = gaps;
  }

  /** Files first, then what is in the directories. */
  async *all(given: Given[], above: string): Found {
    const directories = given.filter(isDirectory);
    const others = given.filter((it) => !isDirectory(it));
    const path = ({ name }: Given): string => (above === '' ? name : `${above}/${name}`);
    // A browser that is asked for all of a large directory at once is busy with that alone.
    for (let from = 0; from < others.length; from += AT_ONCE) {
      const asked = others.slice(from, from + AT_ONCE).map(async (it) => {
        return [path(it), await this.#try(path(it), () => fileOf(it))] as const;
      });
      for (const [path, file] of await Promise.all(asked)) {
        if (file !== undefined) yield [path, file];
      }
    }
    for (const directory of directories) {
      yield [path(directory), null];
      yield* this.inside(directory, path(directory));
    }
  }

  async *inside(directory: FileSystemDirectoryEntry, path: string): Found {
    const reader = directory.createReader();
    for (;;) {
      const some = await this.#try(path, () => read(reader));
      if (some === undefined || some.length === 0) return;
      yield* this.all(some, path);
    }
  }

  /** What cannot be read ends all, or is left out and told. */
  async #try<T>(path: string, read: () => Promise<T>): Promise<T | undefined> {
    // So Chromium calls what has a name that is not UTF-8.
    const isNameless = path.endsWith('/');
    try {
      return await read();
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      const why = isNameless ? 'has a name that is not UTF-8' : `cannot be read: ${reason}`;
      if (this.#gaps === undefined) {
        throw new MarkerbedError('file-unreadable', `${JSON.stringify(path)} ${why}`, { cause });
      }
      this.#gaps.push({ path, why });
      return undefined;
    }
  }
}

/** Whether a handle shows exactly what entries show, in all directories. */
async function hasAll(
  handle: FileSystemDirectoryHandle,
  entry: FileSystemDirectoryEntry,
): Promise<boolean> {
  const below: [FileSystemDirectoryHandle, FileSystemDirectoryEntry][] = [[handle, entry]];
  try {
    for (let at = below.pop(); at !== undefined; at = below.pop()) {
      const names = await listed(at[1]);
      let seen = 0;
      for await (const child of at[0].values()) {
        seen += 1;
        if (seen % BREATH === 0) await new Promise((resolve) => setTimeout(resolve));
        const known = names.get(child.name);
        if (known === undefined || isDirectory(known) !== (child.kind === 'directory'))
          return false;
        if (isDirectory(known)) below.push([child as FileSystemDirectoryHandle, known]);
      }
      if (seen !== names.size) return false;
    }
    return true;
  } catch {
    // Whoever reads it tells what is wrong.
    return false;
  }
}

async function listed(directory: FileSystemDirectoryEntry): Promise<Map<string, FileSystemEntry>> {
  const reader = directory.createReader();
  const names = new Map<string, FileSystemEntry>();
  for (;;) {
    const some = await read(reader);
    if (some.length === 0) return names;
    for (const it of some) names.set(it.name, it);
  }
}

/** It answers a part at a time; an empty one is the last. */
function read(reader: FileSystemDirectoryReader): Promise<FileSystemEntry[]> {
  return new Promise((resolve, reject) => reader.readEntries(resolve, reject));
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
