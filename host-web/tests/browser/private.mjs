// Private windows: the store works as long as they are open, and is gone after.
import assert from 'node:assert/strict';
import * as firefox from './firefox.mjs';
import { ask, must, openTab } from './page.mjs';

const NAME = 'private';

const work = async (name) => {
  const ledger = await window.Ledger.create(name);
  await ledger.win(1, 3, 100, () => {});
  await ledger.win(1, 1, 1_300_000, () => {});
  ledger.free();
  const again = await window.Ledger.open(name);
  const { count } = await again.check();
  const persistence = again.persistence();
  again.free();
  return { count, persistence };
};

async function works(context, address, browser) {
  const tab = await openTab(context, address);
  const { count, persistence } = await must(tab, work, NAME);
  assert.equal(count, 4);
  console.log(`a private window of ${browser}: works; keeping the data is ${persistence}`);
  await context.close();
}

/** Tries those of both browsers; answers how many there were. */
export async function privateWindows(chromium, address) {
  // Contexts that Playwright makes are off the record, as incognito windows are.
  await works(await chromium.newContext(), address, 'Chromium');
  const context = await chromium.newContext();
  const { failure } = await ask(
    await openTab(context, address),
    (name) => window.Ledger.open(name).then(() => undefined),
    NAME,
  );
  assert.equal(failure?.code, 'no-store');
  await context.close();

  const skipped = firefox.missing();
  if (skipped) {
    console.log(`SKIPPED a private window of Firefox: ${skipped}`);
    return 1;
  }
  const browser = await firefox.launch(true);
  await works(await browser.newContext(), address, 'Firefox');
  await browser.close();
  return 2;
}
