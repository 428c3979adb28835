import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { contentIds, init } from 'markerbed';

import { conformance } from '../conformance/node.js';
import { FolderStore } from './stores/folder.mjs';
import { MemoryStore } from './stores/memory.mjs';

/** How many tests the suite has at least. */
const FLOOR = 70;
/** Tests that write megabytes: each fault shows in another one, too. */
const SLOW = /thousands|around_the_size|too_large_to_be_whole/;

/**
 * Faults, each planted into the store in memory: what it does otherwise, and a test that must
 * notice.
 */
const FAULTS = {
  'an object is lost': (store) => ({
    putObjects: (workspace, objects) => store.putObjects(workspace, objects.slice(0, -1)),
  }),
  'answers come in the order of the ids': (store) => ({
    fetchObjects: (workspace, ids) => store.fetchObjects(workspace, [...ids].sort()),
  }),
  'answers to one question are left out': (store) => ({
    fetchContents: (workspace, ids) => store.fetchContents(workspace, [...new Set(ids)]),
  }),
  'an object put again is written over': (store) => ({
    putContents: (workspace, contents) => {
      store.removeContents(workspace, contents.map(({ id }) => id));
      store.putContents(workspace, contents.map((it) => ({ ...it, bytes: it.bytes.slice(1) })));
    },
  }),
  'workspaces are mixed up': (store) => ({
    putObjects: (workspace, objects) => store.putObjects('one', objects),
    fetchObjects: (workspace, ids) => store.fetchObjects('one', ids),
    hasObjects: (workspace, ids) => store.hasObjects('one', ids),
  }),
  'everything is said to be there': (store) => ({
    hasObjects: (workspace, ids) => ids.map(() => true),
  }),
  'rows are put although the batch lost': (store) => ({
    commit: (workspace, batch) => {
      if (store.commit(workspace, batch)) return true;
      store.commit(workspace, { ...batch, expected: store.number(workspace), entries: [] });
      return false;
    },
  }),
  'a number is won twice': (store) => ({
    commit: async (workspace, batch) => {
      if (store.number(workspace) !== batch.expected) return false;
      await new Promise((resolve) => setTimeout(resolve, 1));
      return store.commit(workspace, { ...batch, expected: store.number(workspace) });
    },
  }),
  'whoever comes last wins': (store) => ({
    commit: (workspace, batch) =>
      store.commit(workspace, { ...batch, expected: store.number(workspace) }),
  }),
  'rows are seen one after the other': (store) => ({
    commit: async (workspace, batch) => {
      if (!store.commit(workspace, { ...batch, rows: batch.rows.slice(0, 1) })) return false;
      await new Promise((resolve) => setTimeout(resolve, 1));
      const rest = { expected: store.number(workspace), entries: [], rows: batch.rows.slice(1) };
      return store.commit(workspace, rest);
    },
  }),
  'a batch is seen before it is whole': (store) => ({
    commit: async (workspace, batch) => {
      if (!store.commit(workspace, { ...batch, rows: [] })) return false;
      await new Promise((resolve) => setTimeout(resolve, 1));
      return store.commit(workspace, { ...batch, expected: store.number(workspace), entries: [] });
    },
  }),
  'requests are forgotten': (store) => ({
    findRequests: (workspace, requests) => requests.map(() => undefined),
  }),
  'a row is never taken away': (store) => ({
    commit: (workspace, batch) =>
      store.commit(workspace, { ...batch, rows: batch.rows.filter(({ value }) => value) }),
  }),
  'of two changes of a row the first counts': (store) => ({
    commit: (workspace, batch) =>
      store.commit(workspace, { ...batch, rows: [...batch.rows].reverse() }),
  }),
  'rows come in the order in which they were put': (store) => ({
    rangeRows: (workspace, ...range) => store.rangeRows(workspace, ...range).reverse(),
  }),
  'a range begins with its place': (store) => ({
    rangeRows: (workspace, prefix, after, limit) => {
      const before = after && new Uint8Array([...after.slice(0, -1), after.at(-1) - 1, 255]);
      return store.rangeRows(workspace, prefix, before, limit);
    },
  }),
  'a range has one row too few': (store) => ({
    rangeRows: (workspace, ...range) => store.rangeRows(workspace, ...range).slice(0, -1),
  }),
  'the last entry is left out': (store) => ({
    fetchEntries: (workspace, from, to) => store.fetchEntries(workspace, from, to - 1n),
  }),
  'a range of bytes is off by one': (store) => ({
    readContent: (workspace, id, from, to) => {
      const whole = store.fetchContents(workspace, [id])[0];
      return whole && Buffer.concat([whole, whole]).subarray(from + 1, to + 1);
    },
  }),
  'a content is there before it was finished': (store) => ({
    writeContent: (workspace) => {
      const writer = store.writeContent(workspace);
      let at = Buffer.alloc(0);
      return {
        write: (bytes) => {
          at = Buffer.concat([at, bytes]);
          store.putContents(workspace, [{ id: contentIds([at])[0], bytes: at }]);
        },
        finish: (id) => store.putContents(workspace, [{ id, bytes: at }]),
        abort: () => writer.abort?.(),
      };
    },
  }),
  'writers share their bytes': (store) => {
    const pieces = [];
    return {
      writeContent: (workspace) => ({
        write: (bytes) => void pieces.push(bytes),
        finish: (id) => {
          store.putContents(workspace, [{ id, bytes: Buffer.concat(pieces.splice(0)) }]);
        },
      }),
    };
  },
  'what was removed is still there': () => ({ removeContents: () => {} }),
  'lengths are told of what is not there': (store) => ({
    contentLengths: (workspace, ids) =>
      store.contentLengths(workspace, ids).map((length) => length ?? 0),
  }),
};

const folder = await mkdtemp(join(tmpdir(), 'markerbed-conformance-'));
after(() => rm(folder, { recursive: true }));

await init();
const memory = await conformance(() => new MemoryStore());
for (const { name, run } of memory) test(`memory: ${name}`, run);

for (const { name, run } of await conformance((place) => new FolderStore(join(folder, place)))) {
  test(`folder: ${name}`, run);
}

for (const [fault, plant] of Object.entries(FAULTS)) {
  test(`it is noticed if ${fault}`, { timeout: 60_000 }, async () => {
    const cases = await conformance(() => {
      const store = new MemoryStore();
      return with_(store, plant(store));
    });

    const noticed = await firstFailure(cases.filter(({ name }) => !SLOW.test(name)));

    assert.ok(noticed, 'no test fails');
    console.log(`${fault}: ${noticed}`);
  });
}

test('what a suite throws says what was not as it must be', async () => {
  const hasObjects = (_, ids) => ids.map(() => true);
  const lost = await conformance(() => with_(new MemoryStore(), { hasObjects }));
  const missing = await conformance(() => ({}));
  const thrown = await conformance(() => Promise.reject(new Error('the disk is gone')));
  const run = (cases, part) => cases.find(({ name }) => name.includes(part)).run();

  await assert.rejects(run(lost, 'objects_exist_when'), /objects\.rs:\d+/);
  await assert.rejects(run(missing, 'objects_exist_when'), /store\.fetchObjects is not a function/);
  await assert.rejects(run(thrown, 'objects_exist_when'), /the disk is gone/);
  assert.ok(memory.length >= FLOOR, `${memory.length} tests`);
  const faults = Object.keys(FAULTS).length;
  console.log(`markerbed-count npm-conformance ${memory.length} tests, ${faults} faults`);
});

test('a store without faults passes after others have failed', async () => {
  const failure = await firstFailure(memory.filter(({ name }) => !SLOW.test(name)));

  assert.equal(failure, undefined);
});

async function firstFailure(cases) {
  for (const { name, run } of cases) {
    try {
      await run();
    } catch (error) {
      return `${name}: ${error.message.split('\n').slice(0, 2).join(' ')}`;
    }
  }
  return undefined;
}

/** A store with some methods of its own. */
function with_(store, methods) {
  return new Proxy(store, {
    get: (_, name) => {
      const own = methods[name] ?? store[name];
      return typeof own === 'function' ? own.bind(store) : own;
    },
  });
}
