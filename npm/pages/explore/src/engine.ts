/**
 * The one place that knows how the package is called: everything is computed in its worker.
 */
import {
  MarkerbedError,
  startWorker,
  type Change,
  type FileSource,
  type Gap as GivenGap,
  type MarkerbedWorker,
  type RecordedSnapshot,
  type Verdict,
  type WorkspaceCalls,
} from 'markerbed/slim';

import { codeOf } from './failures.js';
import type { Name } from './names.js';

export { MarkerbedError, type Change, type FileSource, type GivenGap, type Verdict };

/** A snapshot that was recorded. */
export interface Kept {
  id: string;
  root: string;
  /** Its number in the ledger. */
  number: number;
  time: Date;
  label: string;
  /** False if something could not be seen. */
  isComplete: boolean;
  files: number;
  bytes: number;
}

/** What could not be seen and was left out. */
export interface Gap {
  path: Name;
  why: string;
}

export interface Entry {
  name: Name;
  kind: string;
  id: string;
  bytes: number | undefined;
  content: string | undefined;
}

export interface Walked extends Entry {
  path: Name;
}

export interface Taking {
  label: string;
  unreadable: 'fail' | 'skip';
  signal: AbortSignal;
  onProgress: (progress: { files: number; bytes: number }) => void;
}

/** Starts the worker and opens what is kept in this browser, if anything is. */
export async function open(worker: Worker, wasm: URL): Promise<Engine> {
  const engine = new Engine(await startWorker({ worker, wasm }));
  await engine.begin();
  return engine;
}

/** Snapshots and what can be asked of them. */
export class Engine {
  readonly #worker: MarkerbedWorker;
  #workspace: WorkspaceCalls | undefined;
  readonly #totals = new Map<string, Promise<{ files: number; bytes: number }>>();
  /** False if what is recorded is gone with the tab, and then why. */
  isKept = true;
  whyNot: unknown;

  constructor(worker: MarkerbedWorker) {
    this.#worker = worker;
  }

  /** Opens what is there; nothing is made before there is something to keep. */
  async begin(): Promise<void> {
    try {
      this.#workspace = await this.#worker.open(STORE);
    } catch (error) {
      if (NOTHING_KEPT.includes(codeOf(error))) return;
      if (codeOf(error) !== 'store-no-access') throw error;
      await this.#forget(error);
    }
  }

  async snap(
    files: FileSource,
    taking: Taking,
  ): Promise<{ kept: Kept; isNew: boolean; gaps: Gap[] }> {
    const workspace = await this.#made();
    const options = { ...taking, label: labelOf(taking.label) };
    const { snapshot, isNew, gaps } = await workspace.snap(files, options);
    return { kept: await this.#kept(workspace, snapshot), isNew, gaps: gaps.map(gapOf) };
  }

  /** The newest first. */
  async snapshots(): Promise<Kept[]> {
    const workspace = this.#workspace;
    if (workspace === undefined) return [];
    const all: Kept[] = [];
    for await (const snapshot of workspace.snapshots()) {
      all.push(await this.#kept(workspace, snapshot));
    }
    return all;
  }

  /** What could not be seen when a snapshot was taken. */
  async gaps(id: string): Promise<Gap[]> {
    const { gaps } = await this.#there().evidence(id);
    return gaps.map(gapOf);
  }

  async *list(root: string, path: Name): AsyncGenerator<Entry[]> {
    let page: Entry[] = [];
    for await (const entry of this.#there().list(root, path)) {
      if (page.push(entry) < PAGE) continue;
      yield page;
      page = [];
    }
    yield page;
  }

  walk(root: string): AsyncIterable<Walked> {
    return this.#there().walk(root);
  }

  /** The bytes of a file, up to about `max` of them. */
  async read(root: string, path: Name, max = Infinity): Promise<Uint8Array[] | undefined> {
    const stream = await this.#there().open(root, path);
    if (stream === undefined) return undefined;
    const reader = stream.getReader();
    const pieces: Uint8Array[] = [];
    for (let length = 0; length < max; ) {
      const { value } = await reader.read();
      if (value === undefined) return pieces;
      pieces.push(value);
      length += value.length;
    }
    await reader.cancel();
    return pieces;
  }

  diff(before: string, after: string): Promise<{ changes: Change[]; isComplete: boolean }> {
    return this.#there().diff(before, after);
  }

  prove(root: string, path: Name, isBlind: boolean): Promise<Uint8Array | undefined> {
    return this.#there().prove(root, path, { isBlind });
  }

  verify(proof: Uint8Array, root?: string): Promise<Verdict> {
    return this.#worker.verify(proof, root);
  }

  /** Removes all that is kept. */
  async remove(): Promise<void> {
    this.#workspace?.free();
    this.#workspace = undefined;
    this.#totals.clear();
    if (this.isKept) await this.#worker.removeStore(STORE);
  }

  /** Another tab has recorded something, or removed all: looks what is there now. */
  async again(): Promise<void> {
    if (!this.isKept) return;
    this.#workspace?.free();
    this.#workspace = undefined;
    await this.begin();
  }

  /** The workspace, made if there is none; in memory if the browser keeps nothing. */
  async #made(): Promise<WorkspaceCalls> {
    try {
      this.#workspace ??= await this.#worker.openOrCreate(STORE, { label: 'explore' });
    } catch (error) {
      if (codeOf(error) !== 'store-no-access') throw error;
      await this.#forget(error);
    }
    return this.#there();
  }

  async #forget(why: unknown): Promise<void> {
    this.isKept = false;
    this.whyNot = why;
    this.#workspace = await this.#worker.inMemory();
  }

  #there(): WorkspaceCalls {
    if (this.#workspace === undefined) {
      throw new MarkerbedError('no-store', 'what was kept has been removed');
    }
    return this.#workspace;
  }

  async #kept(workspace: WorkspaceCalls, snapshot: RecordedSnapshot): Promise<Kept> {
    const { id, root, number, time, source, isComplete } = snapshot;
    let totals = this.#totals.get(root);
    if (totals === undefined) {
      totals = totalsOf(workspace, root);
      this.#totals.set(root, totals);
      totals.catch(() => this.#totals.delete(root));
    }
    return { id, root, number, time, label: source, isComplete, ...(await totals) };
  }
}

/** How many files and bytes a tree has: its directories know it. */
async function totalsOf(
  workspace: WorkspaceCalls,
  root: string,
): Promise<{ files: number; bytes: number }> {
  const totals = { files: 0, bytes: 0 };
  for await (const { kind, files, bytes } of workspace.list(root)) {
    totals.files += kind === 'directory' ? (files ?? 0) : 1;
    totals.bytes += bytes ?? 0;
  }
  return totals;
}

function gapOf({ path, reason }: { path: Name; reason: string }): Gap {
  return { path, why: WHY[reason] ?? reason };
}

/** A name as a source can be called: no controls, 1 to 255 bytes. */
function labelOf(name: string): string {
  let label = name.replace(/\p{Cc}/gu, ' ').trim() || 'files';
  while (new TextEncoder().encode(label).length > LABEL_BYTES_MAX) {
    label = Array.from(label).slice(0, -1).join('');
  }
  return label;
}

const STORE = 'explore';
const NOTHING_KEPT = ['no-store', 'no-workspace'];
const PAGE = 1_000;
const LABEL_BYTES_MAX = 255;
const WHY: Record<string, string> = {
  unreadable: 'could not be read',
  changed: 'changed each time it was read',
  name: 'has a name that cannot be recorded',
  'too-deep': 'lies too deep',
};
