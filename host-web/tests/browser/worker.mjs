// A worker has no place for a mark: a page of its origin keeps it, and tells a loss.
import assert from 'node:assert/strict';
import { ask, askWorker, must, openTab, startWorker } from './page.mjs';

const NAME = 'worker';

const openInPage = (name) => window.Ledger.open(name).then((ledger) => ledger.free());
const openInWorker = (engine) => engine.Ledger.open('worker').then((ledger) => ledger.free());
const createInWorker = (engine) => engine.Ledger.create('worker').then((ledger) => ledger.free());

/** Takes the database away between a worker's calls; answers how many losses were told. */
export async function worker(browser, address) {
  const context = await browser.newContext();
  const tab = await openTab(context, address);
  await startWorker(tab);
  const session = await context.newCDPSession(tab);
  const clear = { origin: address, storageTypes: 'indexeddb' };

  const made = await askWorker(tab, createInWorker);
  const marked = await ask(tab, openInPage, NAME);
  await session.send('Storage.clearDataForOrigin', clear);
  const inWorker = await askWorker(tab, openInWorker);
  const inPage = await ask(tab, openInPage, NAME);
  const again = await askWorker(tab, createInWorker);
  const another = await ask(tab, openInPage, NAME);

  const codes = [made, marked, inWorker, inPage, again, another].map((said) => said.failure?.code);
  assert.deepEqual(codes, [
    undefined,
    undefined,
    'no-store',
    'store-damaged',
    undefined,
    'store-damaged',
  ]);
  await must(tab, (name) => window.remove(name), NAME);
  assert.equal((await ask(tab, openInPage, NAME)).failure?.code, 'no-store');
  await context.close();
  return 3;
}
