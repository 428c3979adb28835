// What may go wrong with a store in a browser: `node faults.mjs FOLDER`, where FOLDER has the
// module of `pages.rs`. After each fault the ledger is as before or after, or says what is gone.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, launch, serve } from './chromium.mjs';
import { damage } from './damage.mjs';
import { end, removeAtExit } from './ended.mjs';
import * as firefox from './firefox.mjs';
import { hints } from './hints.mjs';
import { leftBehind } from './left.mjs';
import { ask, must, openTab, pages } from './page.mjs';
import { privateWindows } from './private.mjs';
import { values } from './values.mjs';
import { worker } from './worker.mjs';

const CLOSED = 25;
const CRASHED = 8;
const KILLED = 8;
const NAME = 'faults';
/** Small enough to lie in a value, and large enough for parts. */
const CONTENT_BYTES = [100, 1_300_000];

const [folder] = process.argv.slice(2);
const server = await serve(folder, pages('pages'));
const seed = Number(process.env.MARKERBED_SEED ?? 0);
let state = BigInt(seed);
const counts = {};

/** A number below `end` that the seed repeats. */
function below(end) {
  state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffffffffffffffffn;
  return Number((state >> 33n) % BigInt(end));
}

const count = (name, tried = 1) => (counts[name] = (counts[name] ?? 0) + tried);
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const create = (tab) =>
  must(tab, async (name) => void (window.ledger = await window.Ledger.create(name)), NAME);
const open = (tab) =>
  ask(tab, async (name) => void (window.ledger = await window.Ledger.open(name)), NAME);
const check = (tab) => must(tab, () => window.ledger.check());
const win = (tab, writer, times, bytes) =>
  ask(
    tab,
    (...given) => window.ledger.win(...given, (number) => window.acknowledged?.(number)),
    writer,
    times,
    bytes,
  );

/** The browser, a page with a new ledger, and what was acknowledged to any page. */
async function started(context, prepare) {
  const acknowledged = [];
  await context.exposeFunction('acknowledged', (number) => acknowledged.push(number));
  const tab = await openTab(context, server.address);
  await prepare?.(tab);
  await create(tab);
  return { tab, acknowledged };
}

/** Runs in a page: how many contents somebody began and nobody finished. */
const writings = (name) =>
  new Promise((resolve, reject) => {
    indexedDB.open(name).onsuccess = ({ target: { result: database } }) => {
      const request = database.transaction('writings').objectStore('writings').count();
      request.onerror = reject;
      request.onsuccess = () => {
        database.close();
        resolve(request.result);
      };
    };
  });

/** Nothing that was acknowledged is missing, and everything else is whole. */
async function checkWhole(tab, acknowledged) {
  assert.equal((await open(tab)).failure, undefined);
  const { count: found } = await check(tab);
  const wanted = acknowledged.length === 0 ? 0 : Math.max(...acknowledged) + 1;
  assert.ok(found >= wanted, `${found} entries, ${wanted} were acknowledged`);
  assert.equal(await must(tab, writings, NAME), 0, 'parts of a tab that is gone are left over');
  assert.equal(new Set(acknowledged).size, acknowledged.length, 'a number was won twice');
}

/** Ends a tab in the middle of its commits, `times` times, and looks at the ledger after each. */
async function endTabs(browser, name, times, end) {
  const context = await browser.newContext();
  const { tab, acknowledged } = await started(context);
  await tab.close();
  for (let round = 0; round < times; round += 1) {
    const tab = await openTab(context, server.address);
    assert.equal((await open(tab)).failure, undefined);
    const winning = win(tab, 1, 1_000, CONTENT_BYTES[round % 2]).catch(() => undefined);
    await wait(below(120));
    await end(tab, context);
    await winning;
    const after = await openTab(context, server.address);
    await checkWhole(after, acknowledged);
    await after.close();
    count(name);
  }
  assert.ok(acknowledged.length > times, 'hardly anything was committed');
  console.log(`${name}: ${acknowledged.length} entries were acknowledged`);
  await context.close();
}

async function crash(tab, context) {
  const session = await context.newCDPSession(tab);
  const gone = new Promise((resolve) => tab.once('crash', resolve));
  session.send('Page.crash').catch(() => undefined);
  await gone;
  await tab.close();
}

/**
 * Kills the whole browser in the middle of commits, again and again with the same data. Chromium
 * may come back without any data: then opening says so.
 */
async function killBrowsers() {
  const data = await mkdtemp(join(tmpdir(), 'markerbed-faults-'));
  removeAtExit(data);
  let acknowledged = [];
  let forgotten = 0;
  for (let round = 0; round <= KILLED; round += 1) {
    const { child, browser } = await connect(data);
    const [context] = browser.contexts();
    await context.exposeFunction('acknowledged', (number) => acknowledged.push(number));
    const tab = await openTab(context, server.address);
    const { failure } = await open(tab);
    if (failure) {
      assert.ok(['no-store', 'store-damaged'].includes(failure.code), failure.message);
      forgotten += round === 0 ? 0 : 1;
      acknowledged = [];
      await must(tab, (name) => window.remove(name), NAME);
      await create(tab);
    } else {
      await checkWhole(tab, acknowledged);
    }
    const winning = win(tab, 1, 1_000, CONTENT_BYTES[round % 2]).catch(() => undefined);
    await wait(100 + below(200));
    await end(child);
    await winning;
    count('browsers killed in the middle of commits', round === 0 ? 0 : 1);
  }
  console.log(`killed browsers that came back without data, which opening said: ${forgotten}`);
  await rm(data, { recursive: true, maxRetries: 10 });
}

/** Two tabs and a third: each number has one winner. */
async function race(browser, name, bytes, prepare) {
  const context = await browser.newContext();
  if (prepare) await context.addInitScript(prepare);
  const { tab, acknowledged } = await started(context);
  const others = [await openTab(context, server.address), await openTab(context, server.address)];
  for (const other of others) assert.equal((await open(other)).failure, undefined);
  const each = 25;

  const won = await Promise.all([tab, ...others].map((tab, at) => win(tab, at + 1, each, bytes)));

  assert.deepEqual(won.map(({ failure }) => failure), [undefined, undefined, undefined]);
  const { count: found, writers } = await check(tab);
  assert.equal(found, 3 * each);
  for (const writer of '123') assert.equal(writers.split(writer).length - 1, each);
  acknowledged.sort((a, b) => a - b);
  assert.deepEqual(acknowledged, [...Array(3 * each).keys()]);
  count(name, 3 * each);
  await context.close();
}

function hideLocks() {
  Object.defineProperty(Navigator.prototype, 'locks', { value: undefined });
}

/** No room: an error that says so, the ledger as before, and work goes on when there is room. */
async function quota(browser) {
  const context = await browser.newContext();
  let session;
  const { address: origin } = server;
  const override = (quotaSize) =>
    session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize });
  // Before the first write: Chromium remembers for half a minute how much room there was.
  const { tab } = await started(context, async (tab) => {
    session = await context.newCDPSession(tab);
    await override(4_000_000);
  });
  await must(tab, () => window.ledger.win(1, 3, 100, () => {}));

  const streamed = await ask(tab, () => window.ledger.stream(1, 64 << 20));
  const put = await ask(tab, () => window.ledger.put_objects(200, 60_000, 100));
  const won = await win(tab, 1, 200, 30_000);

  for (const { failure } of [streamed, put, won]) assert.equal(failure?.code, 'store-full');
  const { count: found } = await check(tab);
  assert.ok(found >= 3);
  await override(undefined);
  await must(tab, () => window.ledger.win(1, 3, 1_300_000, () => {}));
  assert.equal((await check(tab)).count, found + 3);
  count('calls without room', 3);
  await context.close();
}

/** Calls of every kind, under way in a page. */
const work = (tab) => [
  win(tab, 1, 1_000, 100),
  ask(tab, () => window.ledger.stream(1, 1 << 30)),
  ask(tab, () => window.ledger.put_objects(100_000, 100, 10)),
  ask(tab, () => window.ledger.follow(9_999)),
];

/** The data is cleared under a page that works with it: it is never an empty ledger. */
async function clear(browser, what, codes) {
  const context = await browser.newContext();
  const { tab } = await started(context);
  await must(tab, () => window.ledger.win(1, 3, 100, () => {}));
  const underWay = work(tab);
  await wait(below(50));
  const session = await context.newCDPSession(tab);
  const { address: origin } = server;
  await session.send('Storage.clearDataForOrigin', { origin, storageTypes: what });

  const ended = (await Promise.all(underWay)).map(({ failure }) => failure?.code);
  const next = await ask(tab, () => window.ledger.number());
  const put = await ask(tab, () => window.ledger.put_objects(1, 9, 1));
  const other = await openTab(context, origin);
  const opened = await open(other);
  const again = await open(tab);

  const found = [next.failure, put.failure, opened.failure, again.failure];
  const message = JSON.stringify(found);
  assert.deepEqual(ended, Array(underWay.length).fill('store-damaged'));
  assert.equal(next.failure?.code, 'store-damaged', message);
  assert.equal(put.failure?.code, 'store-damaged', message);
  assert.deepEqual([opened.failure?.code, again.failure?.code], [codes.open, codes.open], message);
  const made = await ask(other, (name) => window.Ledger.create(name).then(() => 1), NAME);
  assert.equal(made.failure?.code, codes.create, message);
  await must(other, (name) => window.remove(name), NAME);
  await create(other);
  assert.equal((await check(other)).count, 0);
  count(`data cleared under a page (${what})`);
  await context.close();
}

/** The same in another browser, which hears of it from the server; and what else may differ. */
async function inFirefox() {
  const skipped = firefox.missing();
  if (skipped) {
    console.log(`SKIPPED faults in Firefox: ${skipped}`);
    return;
  }
  const browser = await firefox.launch();
  count('hints between tabs, and none, in Firefox', await hints(browser, server.address));
  count('values in Firefox', await values(browser, server.address));
  const context = await browser.newContext();
  const tab = await openTab(context, server.address);
  await create(tab);
  await must(tab, () => window.ledger.win(1, 3, 100, () => {}));
  const underWay = work(tab);
  await wait(below(50));
  await must(tab, () => fetch('/clear').then(({ ok }) => ok));

  const ended = (await Promise.all(underWay)).map(({ failure }) => failure?.code);
  const next = await ask(tab, () => window.ledger.number());

  assert.deepEqual(ended, Array(underWay.length).fill('store-damaged'));
  assert.equal(next.failure?.code, 'store-damaged');
  // Firefox removes the mark with the rest.
  assert.equal((await open(tab)).failure?.code, 'no-store');
  count('data cleared under a page in Firefox');
  await browser.close();
}

/** One tab removes the store that another has open. */
async function remove(browser) {
  const context = await browser.newContext();
  const { tab } = await started(context);
  await must(tab, () => window.ledger.win(1, 3, 100, () => {}));
  const other = await openTab(context, server.address);

  await must(other, (name) => window.remove(name), NAME);

  const next = await ask(tab, () => window.ledger.number());
  assert.equal(next.failure?.code, 'store-temporary');
  assert.equal((await open(tab)).failure?.code, 'no-store');
  count('stores removed under a page');
  await context.close();
}

count('drivers that failed or were ended', await leftBehind());
console.log(`seed ${seed}; MARKERBED_SEED=${seed} chooses when tabs are closed`);
const browser = await launch();
await race(browser, 'numbers won by tabs at once', 100);
await race(browser, 'numbers won by tabs without Web Locks', 40_000, hideLocks);
count('damaged or foreign databases', await damage(browser, server.address));
count('hints between tabs, and none', await hints(browser, server.address));
count('values that are not what they must be', await values(browser, server.address));
count('losses seen by workers and pages', await worker(browser, server.address));
count('private windows', await privateWindows(browser, server.address));
await quota(browser);
for (let round = 0; round < 4; round += 1) {
  await clear(browser, 'indexeddb', { open: 'store-damaged', create: 'store-damaged' });
}
await clear(browser, 'all', { open: 'no-store', create: undefined });
await remove(browser);
await inFirefox();
await endTabs(browser, 'tabs closed in the middle of commits', CLOSED, (tab) => tab.close());
await endTabs(browser, 'tabs killed in the middle of commits', CRASHED, crash);
await browser.close();
await killBrowsers();
server.stop();
for (const [name, tried] of Object.entries(counts)) console.log(`${name}: ${tried}`);
const cases = Object.values(counts).reduce((sum, tried) => sum + tried, 0);
console.log(`markerbed-browser ${cases} passed`);
process.exit(0);
