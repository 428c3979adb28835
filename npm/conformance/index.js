import init from './wasm/markerbed_conformance_web.js';
import { cases } from './cases.js';

const wasm = new URL('./wasm/markerbed_conformance_web_bg.wasm', import.meta.url);

/** @type {import('./index.js').conformance} */
export const conformance = cases(() => init({ module_or_path: wasm }));
