import * as markerbed from 'markerbed/slim';
import wasm from 'markerbed/markerbed.wasm';
import { show } from './page.js';

await show(markerbed, new URL(wasm, import.meta.url));
