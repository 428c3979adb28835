/**
 * markerbed in browsers, by bundlers and without one.
 *
 * @module
 */
import { load, type WasmSource } from './engine.js';

export type { WasmSource } from './engine.js';
export * from './api.js';

/**
 * Loads the engine, by default from the wasm file of this package; calls after the first wait for
 * the same.
 */
export function init(source?: WasmSource): Promise<void> {
  return load(() => source ?? new URL('./markerbed.wasm', import.meta.url));
}
