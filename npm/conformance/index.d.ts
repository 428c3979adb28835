import type { Store } from 'markerbed';

/** One test of the suite. */
export interface Case {
  /** What must be true, with the part of the contract before it. */
  name: string;
  /** Tries it; throws what was not as it must be. */
  run(): Promise<void>;
}

/**
 * The suite that every store must pass: mount it in any test runner.
 *
 * `openStore` opens the store at a place that nothing was opened at before, and is empty. If the
 * store is durable, some tests close it (its `close`, if it has one, is awaited) and open the place
 * again: then all that was acknowledged is there.
 *
 * ```js
 * for (const { name, run } of await conformance((place) => new MyStore(place))) test(name, run);
 * ```
 *
 * Tests run one after the other, also if they are started at once.
 */
export function conformance(openStore: (place: string) => Store | Promise<Store>): Promise<Case[]>;
