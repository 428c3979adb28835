/**
 * markerbed in Node.
 *
 * @module
 */
import { readFile } from 'node:fs/promises';

import { load, type WasmSource } from './engine.js';

export type { WasmSource } from './engine.js';
export * from './api.js';

/** Loads the engine, by default from the wasm file of this package; calls after the first wait for the same. */
export function init(source?: WasmSource): Promise<void> {
  return load(() => source ?? readFile(new URL('../wasm/markerbed_web_bg.wasm', import.meta.url)));
}
