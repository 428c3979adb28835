// A page shows what it found, for people and for who drives the browser.
import { check, wrongAddresses } from './check.js';

/** Checks the package; `own` is the right wasm, if the page brings it. */
export async function show(markerbed, own) {
  window.found = await check(markerbed, { wrong: wrongAddresses(), own }).catch(String);
  document.body.textContent = JSON.stringify(window.found);
}
