import initWasm, * as wasm from '../wasm/markerbed_web.js';
import { MarkerbedError } from './errors.js';

/** Where the wasm comes from. */
export type WasmSource = URL | string | Request | Response | BufferSource | WebAssembly.Module;

let loading: Promise<void> | undefined;
let isReady = false;

/** Loads the engine once; a load that failed may be tried again. */
export function load(source: () => WasmSource | Promise<WasmSource>): Promise<void> {
  loading ??= begin(source).catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function begin(source: () => WasmSource | Promise<WasmSource>): Promise<void> {
  if (typeof WebAssembly !== 'object') {
    throw new MarkerbedError('no-webassembly', 'this browser runs no WebAssembly');
  }
  try {
    await initWasm({ module_or_path: await source() });
  } catch (error) {
    const message = `the engine cannot be loaded: ${error instanceof Error ? error.message : error}`;
    throw new MarkerbedError('engine-not-loaded', message, { cause: error });
  }
  isReady = true;
}

/** The engine; throws if it was not loaded. */
export function engine(): typeof wasm {
  if (!isReady) {
    throw new MarkerbedError('engine-not-loaded', 'await init() before anything else');
  }
  return wasm;
}
