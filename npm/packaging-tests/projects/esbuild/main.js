import * as markerbed from 'markerbed/slim';
import { startWorker } from 'markerbed';
import wasm from 'markerbed/markerbed.wasm';
import { show } from './page.js';

const own = new URL(wasm, import.meta.url);
const worker = () => new Worker('./worker.js', { type: 'module' });
const started = () => startWorker({ worker: worker(), wasm: own });

await show({ ...markerbed, startWorker: started }, own);
