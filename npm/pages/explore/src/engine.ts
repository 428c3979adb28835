/**
 * The one place that knows how the package is called.
 */
import {
  MarkerbedError,
  startWorker,
  type Change,
  type MarkerbedWorker,
  type Verdict,
  type WorkspaceCalls,
} from 'markerbed/slim';

import { below, type Name } from './names.js';

export { MarkerbedError, type Change, type Verdict };

/** What can be recorded: paths with their files, in any order. */
export type Files = AsyncIterable<readonly [string, Blob]> | FileSystemDirectoryHandle;

/** A snapshot that was recorded. */
export interface Kept {
  id: string;
  root: string;
  number: number;
  time: Date;
  label: string;
  files: number | undefined;
  bytes: number | undefined;
}

/** What could not be read and was left out. */
export interface Gap {
  path: Name;
  why: string;
}

export interface Entry {
  name: Name;
  kind: string;
  id: string;
}

export interface Walked {
  path: Name;
  kind: string;
  id: string;
  size: number;
}

export interface Taking {
  label: string;
  unreadable: 'fail' | 'skip';
  signal: AbortSignal;
  onProgress: (progress: { files: number; bytes: number }) => void;
}

/** Snapshots and what can be asked of them. */
export interface Engine {
  /** False if what is recorded is gone with the tab. */
  readonly isKept: boolean;
  readonly whyNot: string | undefined;
  snap(files: Files, taking: Taking): Promise<{ kept: Kept; isNew: boolean; gaps: Gap[] }>;
  /** The newest first. */
  snapshots(): Promise<Kept[]>;
  list(root: string, path: Name): AsyncIterable<Entry[]>;
  walk(root: string): AsyncIterable<Walked>;
  /** The bytes of a file, up to `max` of them. */
  read(root: string, path: Name, max?: number): Promise<Uint8Array | undefined>;
  diff(before: string, after: string): Promise<{ changes: Change[]; isComplete: boolean }>;
  prove(root: string, path: Name, isBlind: boolean): Promise<Uint8Array | undefined>;
  verify(proof: Uint8Array, root?: string): Promise<Verdict>;
  /** Removes all that is kept. */
  remove(): Promise<void>;
  /** Another tab has removed all that is kept. */
  forget(): Promise<void>;
}

/** Starts the worker and opens what is kept in this browser. */
export async function open(worker: Worker, wasm: URL): Promise<Engine> {
  const engine = await startWorker({ worker, wasm });
  return new InWorker(engine, await engine.inMemory());
}

class InWorker implements Engine {
  readonly isKept = false;
  readonly whyNot = undefined;
  readonly #worker: MarkerbedWorker;
  readonly #workspace: WorkspaceCalls;
  readonly #kept: Kept[] = [];

  constructor(worker: MarkerbedWorker, workspace: WorkspaceCalls) {
    this.#worker = worker;
    this.#workspace = workspace;
  }

  async snap(
    files: Files,
    { label, signal, onProgress }: Taking,
  ): Promise<{ kept: Kept; isNew: boolean; gaps: Gap[] }> {
    const taken = await this.#workspace.snap(files, { signal, onProgress });
    const number = this.#kept.length + 1;
    const id = `${number}`;
    const kept = { ...taken, id, number, time: new Date(), label };
    this.#kept.unshift(kept);
    return { kept, isNew: true, gaps: [] };
  }

  async snapshots(): Promise<Kept[]> {
    return [...this.#kept];
  }

  async *list(root: string, path: Name): AsyncIterable<Entry[]> {
    let page: Entry[] = [];
    for await (const entry of this.#workspace.list(root, path)) {
      if (page.push(entry) < PAGE) continue;
      yield page;
      page = [];
    }
    yield page;
  }

  async *walk(root: string, from: Name = ''): AsyncGenerator<Walked> {
    for await (const { name, kind, id } of this.#workspace.list(root, from)) {
      const path = below(from, name);
      const bytes = kind === 'file' ? await this.#workspace.read(root, path) : undefined;
      yield { path, kind, id, size: bytes?.length ?? 0 };
      if (kind === 'directory') yield* this.walk(root, path);
    }
  }

  async read(root: string, path: Name, max?: number): Promise<Uint8Array | undefined> {
    return (await this.#workspace.read(root, path))?.subarray(0, max);
  }

  diff(before: string, after: string): Promise<{ changes: Change[]; isComplete: boolean }> {
    return this.#workspace.diff(before, after);
  }

  prove(root: string, path: Name, isBlind: boolean): Promise<Uint8Array | undefined> {
    return this.#workspace.prove(root, path, { isBlind });
  }

  verify(proof: Uint8Array, root?: string): Promise<Verdict> {
    return this.#worker.verify(proof, root);
  }

  async remove(): Promise<void> {
    this.#kept.length = 0;
  }

  async forget(): Promise<void> {}
}

const PAGE = 1_000;
