/**
 * markerbed in browsers and bundlers.
 *
 * @module
 */
import { load, type WasmSource } from './engine.js';

export type { WasmSource } from './engine.js';
export * from './api.js';

/** Loads the engine, by default from the wasm file of this package; calls after the first wait for the same. */
export function init(source?: WasmSource): Promise<void> {
  return load(() => source ?? new URL('../wasm/markerbed_web_bg.wasm', import.meta.url));
}
