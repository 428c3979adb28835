import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { MarkerbedError, Workspace, init } from 'markerbed';
import { FolderStore } from './stores/folder.mjs';
import { MemoryStore } from './stores/memory.mjs';

const text = new TextEncoder();
/** What `markerbed snap --portable` says of the same files. */
const ROOT = '7332dd76784ed6b7390e8723b9801a65fe89022e01233563a25fb9828859b33b';
const FILES = [
  ['notes/plan.md', text.encode('Water the plants.\n')],
  ['notes/ideas/garden.md', text.encode('A bed of marker stones.\n')],
  ['empty', new Uint8Array()],
];

await init();

const refused = (work, code, message = /./) =>
  assert.rejects(work, (error) => {
    assert.ok(error instanceof MarkerbedError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    return true;
  });

/** A store in memory that does one thing otherwise. */
function storeWith(methods) {
  return Object.assign(new MemoryStore(), methods);
}

test('a workspace over a store of one’s own records, and is there again', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'markerbed-store-'));
  context.after(() => rm(folder, { recursive: true }));
  const large = new Uint8Array(3_000_000).map((_, at) => at % 251);

  const first = await Workspace.over(new FolderStore(folder), { label: 'garden' });
  const { root, snapshot } = await first.snap(FILES);
  await first.snap([['large', new Blob([large])]]);
  first.free();
  const again = await Workspace.over(new FolderStore(folder));

  assert.equal(root, ROOT);
  assert.equal((await again.snapshot('@-')).id, snapshot.id);
  assert.deepEqual(await again.read(root, 'notes/plan.md'), FILES[0][1]);
  assert.deepEqual(await again.read('@', 'large'), large);
});

test('answers that are none are refused, and nothing panics', async () => {
  const wrong = {
    fetchObjects: [
      undefined, null, 7, 'text', {}, [], [1], [[]], [{}], [new Uint16Array(2)], ['text'],
      Array(5_000).fill(undefined), new Uint8Array(3),
    ],
    hasObjects: [undefined, [], ['yes'], [1], [undefined], {}],
    number: [-1n, 2n ** 64n, 1.5, 'one', {}, [], NaN, new Uint8Array(8)],
    rangeRows: [undefined, {}, [[]], [[1, 2]], [['a', 'b']], [new Uint8Array(2)]],
    findRequests: [undefined, [], ['1'], [1.5]],
    commit: [undefined, 1, 'true', {}, []],
    contentLengths: [undefined, [], ['1'], [-1]],
  };
  let tried = 0;
  for (const [method, answers] of Object.entries(wrong)) {
    for (const answer of answers) {
      const store = storeWith({ [method]: () => answer });
      await refused(begunAndUsed(store), 'store-wrong', new RegExp(method));
      await refused(begunAndUsed(storeWith({ [method]: async () => answer })), 'store-wrong');
      tried += 2;
    }
  }
  console.log(`markerbed-count npm-wrong-answers ${tried}`);
  assert.ok(tried >= 90);
});

test('bytes that are not those of their id are found out', async () => {
  const one = new MemoryStore();
  const workspace = await Workspace.over(one);
  const { root } = await workspace.snap(FILES);
  const other = (bytes) => bytes && new Uint8Array(bytes.length).fill(7);
  const lying = (method) => {
    const honest = one[method].bind(one);
    one[method] = (...given) => {
      const answer = honest(...given);
      return Array.isArray(answer) ? answer.map(other) : other(answer);
    };
    return () => (one[method] = honest);
  };

  const mend = lying('readContent');
  await refused(workspace.read(root, 'notes/plan.md'), 'store-damaged');
  mend();
  const mendObjects = lying('fetchObjects');
  await assert.rejects(workspace.read(root, 'notes/plan.md'), MarkerbedError);
  mendObjects();

  assert.deepEqual(await workspace.read(root, 'notes/plan.md'), FILES[0][1]);
});

test('what a store throws has its code, or is a failure with its cause', async () => {
  const codes = [
    'store-full', 'store-busy', 'store-temporary', 'store-no-access', 'store-read-only',
    'store-damaged', 'no-store', 'store-exists',
  ];
  const throwing = (thrown) => storeWith({
    putObjects: () => {
      throw thrown;
    },
  });
  const coded = (code) => Object.assign(new Error('so it is'), { code });

  for (const code of codes) await refused(begunAndUsed(throwing(coded(code))), code);
  const others = [
    new TypeError('so it is'), coded('bad-batch'), coded(7), 'so it is', { message: 'so it is' },
  ];
  for (const thrown of others) {
    await refused(begunAndUsed(throwing(thrown)), 'store-failed', /so it is/);
  }
  for (const thrown of [undefined, null, 7, Symbol('none'), {}]) {
    await refused(begunAndUsed(throwing(thrown)), 'store-failed');
  }
  const rejecting = storeWith({ commit: () => Promise.reject(coded('store-full')) });
  await refused(begunAndUsed(rejecting), 'store-full');
});

test('an object without the methods of a store is refused', async () => {
  await refused(Workspace.over({}), 'bad-usage', /store\.fetchObjects is not a function/);
  await refused(Workspace.over(undefined), 'bad-usage');
  await refused(Workspace.over(storeWith({ flush: 7 })), 'bad-usage', /store\.flush/);
  await refused(Workspace.over(storeWith({ isDurable: 'yes' })), 'bad-usage', /isDurable/);
});

async function begunAndUsed(store) {
  const workspace = await Workspace.over(store);
  await workspace.snap(FILES);
  await workspace.snap([...FILES, ['large', new Blob([new Uint8Array(500_000)])]]);
  for await (const { path } of workspace.walk('@')) await workspace.read('@', path);
}
