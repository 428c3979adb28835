/** Wasm that lies in a file: `fetch` of Node knows no addresses of files. */
import { readFile } from 'node:fs/promises';

import { notLoaded, type WasmSource } from './module.js';

/** Reads the file that a source names; any other source is handed on. */
export async function opened(source: WasmSource): Promise<WasmSource> {
  const address =
    typeof source === 'string' && source.startsWith('file:') ? new URL(source) : source;
  if (!(address instanceof URL) || address.protocol !== 'file:') return source;
  try {
    return await readFile(address);
  } catch (error) {
    throw notLoaded(address.href, error);
  }
}
