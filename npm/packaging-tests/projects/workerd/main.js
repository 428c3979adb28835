import * as markerbed from 'markerbed';
import other from './wrong/other.wasm';
import { check } from './check.js';

// Nothing is compiled here, so there is no other wrong wasm than a module.
const bytes = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

export default {
  fetch: async () => Response.json(await check(markerbed, { wrong: { other, bytes } })),
};
