// Where programs find what is no wasm of this package.
import { WRONG, check } from './check.js';

/** Checks the package and prints what was found. */
export async function print(markerbed) {
  const addressed = WRONG.map((name) => [name, new URL(`./wrong/${name}.wasm`, import.meta.url)]);
  console.log(JSON.stringify(await check(markerbed, { wrong: Object.fromEntries(addressed) })));
}
