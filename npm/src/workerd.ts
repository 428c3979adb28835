/**
 * markerbed in workerd, where wasm comes compiled, as a module that is imported.
 *
 * @module
 */
import wasm from './markerbed.wasm';
import { load, type WasmSource } from './engine.js';

export type { CompiledWasm, WasmSource } from './engine.js';
export * from './api.js';

/** Loads the engine; calls after the first wait for the same. */
export function init(source?: WasmSource): Promise<void> {
  return load(() => source ?? wasm);
}
