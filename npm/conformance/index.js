import init from './wasm/markerbed_conformance_web.js';
import { cases } from './cases.js';

/** @type {import('./index.js').conformance} */
export const conformance = cases(() => init());
