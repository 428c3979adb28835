import initWasm, * as wasm from '../wasm/markerbed_web.js';
import { MarkerbedError } from './errors.js';
import { moduleOf, notLoaded, type WasmSource } from './module.js';
import { lacking } from './requirements.js';

export type { CompiledWasm, WasmSource } from './module.js';

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
  const missing = lacking();
  if (missing.length > 0) {
    throw new MarkerbedError('browser-too-old', `what runs this has no ${missing.join(', no ')}`);
  }
  const module = await moduleOf(await source());
  try {
    await initWasm({ module_or_path: module });
  } catch (error) {
    throw notLoaded('what was compiled', error);
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
