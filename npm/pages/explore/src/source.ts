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

/** What was dropped; call it while the event is handled, for the browser forgets it after. */
export async function fromDrop(data: DataTransfer): Promise<Source | undefined> {
  const items = Array.from(data.items).filter(({ kind }) => kind === 'file');
  const asked = items.map((item) => ({
    handle: item.getAsFileSystemHandle?.().catch(() => null),
    entry: item.webkitGetAsEntry(),
    file: item.getAsFile(),
  }));
  const given = await Promise.all(
    asked.map(async ({ handle, entry, file }) => (await handle) ?? entry ?? file),
  );
  const found = given.filter((it): it is Given => it !== null);
  const [only] = found;
  if (only === undefined) return undefined;
  if (found.length > 1) return source(some(found.length, 'item'), (to) => to.all(found));
  // One folder is what is in it.
  if (isDirectoryHandle(only)) return fromHandle(only);
  if (isDirectoryEntry(only)) return source(only.name, (to) => to.inside(only, ''));
  return source(only.name, (to) => to.all(found));
}

/** A folder that was picked: the worker reads it by itself. */
export function fromHandle(handle: FileSystemDirectoryHandle): Source {
  return { label: handle.name, open: async () => ({ files: handle, gaps: [] }) };
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

type Given = FileSystemHandle | FileSystemEntry | File;
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

  async *all(given: Given[]): Found {
    for (const it of given) yield* this.#any(it, it.name);
  }

  async *inside(entry: FileSystemDirectoryEntry, above: string): Found {
    const reader = entry.createReader();
    const read = (): Promise<FileSystemEntry[]> =>
      new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    for (;;) {
      const some = await this.#try(above, read);
      // It answers a part at a time; an empty one is the last.
      if (some === undefined || some.length === 0) return;
      for (const it of some) yield* this.#any(it, above === '' ? it.name : `${above}/${it.name}`);
    }
  }

  async *#any(it: Given, path: string): Found {
    if (it instanceof File) yield [path, it];
    else if (isDirectoryHandle(it) || isDirectoryEntry(it)) {
      yield [path, null];
      yield* isDirectoryHandle(it) ? this.#handle(it, path) : this.inside(it, path);
    } else {
      const file = await this.#try(path, () => fileOf(it));
      if (file !== undefined) yield [path, file];
    }
  }

  async *#handle(handle: FileSystemDirectoryHandle, above: string): Found {
    const entries = handle.values()[Symbol.asyncIterator]();
    for (;;) {
      const next = await this.#try(above, () => entries.next());
      if (next === undefined || next.done === true) return;
      yield* this.#any(next.value, `${above}/${next.value.name}`);
    }
  }

  /** What cannot be read ends all, or is left out and told. */
  async #try<T>(path: string, read: () => Promise<T>): Promise<T | undefined> {
    try {
      return await read();
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      if (this.#gaps === undefined) {
        const message = `${JSON.stringify(path)} cannot be read: ${why}`;
        throw new MarkerbedError('file-unreadable', message, { cause });
      }
      this.#gaps.push({ path, why: 'could not be read' });
      return undefined;
    }
  }
}

function fileOf(it: FileSystemHandle | FileSystemEntry): Promise<File> {
  if ('getFile' in it) return (it as FileSystemFileHandle).getFile();
  return new Promise((resolve, reject) => (it as FileSystemFileEntry).file(resolve, reject));
}

function isDirectoryHandle(it: Given): it is FileSystemDirectoryHandle {
  return 'kind' in it && it.kind === 'directory';
}

function isDirectoryEntry(it: Given): it is FileSystemDirectoryEntry {
  return 'isDirectory' in it && it.isDirectory;
}
