// Bytes that are not what was written, and databases that are none of ours.
import assert from 'node:assert/strict';
import { ask, must, openTab } from './page.mjs';

const NAME = 'damage';
/** Each is read by `check`, or by opening. */
const TABLES = ['store', 'numbers', 'objects', 'rows', 'entries', 'requests', 'contents', 'parts'];

/** Runs in a page: changes the first value of a table and answers what it was before. */
const change = async (name, table, how, before) => {
  const done = (request) =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  const database = await done(indexedDB.open(name));
  const store = database.transaction(table, 'readwrite').objectStore(table);
  const [key, other] = await done(store.getAllKeys(null, 2));
  const value = new Uint8Array(await done(store.get(key)));
  const changed = value.slice();
  changed[changed.length >> 1] ^= 1;
  const put = (bytes) => done(store.put(bytes, key));
  if (how === 'flip') await put(changed.buffer);
  if (how === 'cut') await put(changed.slice(0, -1).buffer);
  if (how === 'swap') await put(await done(store.get(other)));
  if (how === 'put back') await put(new Uint8Array(before).buffer);
  if (how === 'delete') await done(store.delete(key));
  database.close();
  return [...value];
};

const openAndCheck = async (name) => {
  const ledger = await window.Ledger.open(name);
  try {
    await ledger.check();
  } finally {
    ledger.free();
  }
};

/** Changes values in each table in several ways: it is told, and never answered. */
async function values(tab) {
  await must(
    tab,
    async (name) => {
      const ledger = await window.Ledger.create(name);
      await ledger.win(1, 2, 1_300_000, () => {});
      await ledger.win(1, 2, 100, () => {});
      ledger.free();
    },
    NAME,
  );
  let cases = 0;
  for (const table of TABLES) {
    for (const how of ['flip', 'cut', 'swap']) {
      if (how === 'swap' && ['store', 'numbers'].includes(table)) continue;
      const before = await must(tab, change, NAME, table, how);
      const { failure } = await ask(tab, openAndCheck, NAME);
      assert.equal(failure?.code, 'store-damaged', `${table} ${how}: ${failure?.message}`);
      await must(tab, change, NAME, table, 'put back', before);
      cases += 1;
    }
  }
  const { failure } = await ask(tab, openAndCheck, NAME);
  assert.equal(failure, undefined);
  await must(tab, change, NAME, 'entries', 'delete');
  const missing = await ask(tab, openAndCheck, NAME);
  assert.equal(missing.failure?.code, 'store-damaged', 'an entry is missing');
  return cases + 1;
}

/** Opens databases that something else has made. */
async function strangers(tab) {
  const make = (name, version) =>
    new Promise((resolve) => {
      indexedDB.open(name, version).onsuccess = (event) => resolve(event.target.result.close());
    });
  await must(tab, make, 'newer', 2);
  await must(tab, make, 'other', 1);

  const open = (name) => window.Ledger.open(name).then(() => undefined);
  const create = (name) => window.Ledger.create(name).then(() => undefined);
  const codes = [];
  for (const name of ['newer', 'other']) {
    for (const work of [open, create]) codes.push((await ask(tab, work, name)).failure?.code);
  }

  assert.deepEqual(codes, [
    'unknown-store-format',
    'unknown-store-format',
    'not-a-store',
    'store-exists',
  ]);
  return codes.length;
}

/** Tries all of it; answers how many cases there were. */
export async function damage(browser, address) {
  const context = await browser.newContext();
  const tab = await openTab(context, address);
  const cases = (await values(tab)) + (await strangers(tab));
  await context.close();
  return cases;
}
