/**
 * Marks of stores: what tells that a browser took one away. They lie in `localStorage`, which
 * workers do not have; so the page keeps them for its worker.
 */

/** What the page knows of a store, with each call that opens, makes or removes it. */
export interface SentMark {
  key: string;
  value: string | null;
}

/** What a page knows of a store; nothing where there is no place for marks. */
export function markOf(name: unknown): SentMark | undefined {
  if (typeof name !== 'string') return undefined;
  const key = `markerbed/store/${name}`;
  try {
    const { localStorage } = globalThis as { localStorage?: Storage };
    return localStorage && { key, value: localStorage.getItem(key) };
  } catch {
    return undefined;
  }
}

/** Does in the page what the worker did to a mark. */
export function keepMark({ key, value }: SentMark): void {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // No room: a loss of the store will look like its absence.
  }
}

/** The marks that a worker was told of; what it does to them goes to the page. */
export class WorkerMarks {
  readonly #known = new Map<string, string>();
  readonly #tell: (mark: SentMark) => void;

  constructor(tell: (mark: SentMark) => void) {
    this.#tell = tell;
  }

  /** Makes it the place where the engine looks for marks. */
  learn({ key, value }: SentMark): void {
    if (value === null) this.#known.delete(key);
    else this.#known.set(key, value);
    (globalThis as { markerbedMarks?: WorkerMarks }).markerbedMarks = this;
  }

  getItem(key: string): string | undefined {
    return this.#known.get(key);
  }

  setItem(key: string, value: string): void {
    this.#known.set(key, value);
    this.#tell({ key, value });
  }

  removeItem(key: string): void {
    this.#known.delete(key);
    this.#tell({ key, value: null });
  }
}
