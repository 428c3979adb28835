// The suites in Node itself.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

import { ask } from './suites.mjs';

export async function startNode(folder) {
  const suites = await import(pathToFileURL(path.join(folder, 'markerbed_cross_target.js')));
  const module = await readFile(path.join(folder, 'markerbed_cross_target_bg.wasm'));
  suites.initSync({ module });
  return {
    version: `Node ${process.version}`,
    ask: async (question) => ask(suites, question),
    close: async () => {},
  };
}
