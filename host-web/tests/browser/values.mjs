// JavaScript hands over what it likes: what is not what it must be is refused with a code.
import assert from 'node:assert/strict';
import { must, openTab } from './page.mjs';

/** Code, and what throws it when it is called with the module, a workspace, a root and a path. */
const CASES = [
  ['bad-usage', (engine, it, root) => it.readFile(root, 7)],
  ['bad-usage', (engine, it, root) => it.readFile(root, 'a')],
  ['bad-usage', (engine, it, root) => it.readFile(root, 'a\ud800')],
  ['bad-usage', (engine, it, root) => it.readFile(root, [97])],
  ['bad-usage', (engine, it, root) => it.readFile(root, new Uint16Array([97]))],
  ['bad-usage', (engine, it, root) => it.readFile(root, new ArrayBuffer(1))],
  ['bad-usage', (engine, it, root) => it.readFile(root, { length: 1, 0: 97 })],
  ['bad-usage', (engine, it, root) => it.readFile(root)],
  ['bad-usage', (engine, it, root, path) => it.readFile(7, path)],
  ['bad-usage', (engine, it, root, path) => it.readFile(null, path)],
  ['bad-usage', (engine, it, root, path) => it.readFile('\udfff', path)],
  ['no-ref', (engine, it, root, path) => it.readFile('x', path)],
  ['bad-name', (engine, it, root) => it.readFile(root, new TextEncoder().encode('a/../a'))],
  [
    'bad-usage',
    (engine, it, root) => {
      const path = new Uint8Array([97]);
      structuredClone(path, { transfer: [path.buffer] });
      return it.readFile(root, path);
    },
  ],
  ['out-of-range', (engine, it, root, path) => it.list(root, path, path, -1)],
  ['out-of-range', (engine, it, root, path) => it.list(root, path, path, -1n)],
  ['out-of-range', (engine, it, root, path) => it.list(root, path, path, 2n ** 64n)],
  ['out-of-range', (engine, it, root, path) => it.list(root, path, path, 2n ** 5000n)],
  ['out-of-range', (engine, it, root, path) => it.list(root, path, path, 2 ** 53)],
  ['bad-usage', (engine, it, root, path) => it.list(root, path, path, 1.5)],
  ['bad-usage', (engine, it, root, path) => it.list(root, path, path, NaN)],
  ['bad-usage', (engine, it, root, path) => it.list(root, path, path, Infinity)],
  ['bad-usage', (engine, it, root, path) => it.list(root, path, path, '3')],
  ['bad-usage', (engine, it, root, path) => it.list(root, path, path)],
  ['bad-usage', (engine, it, root, path) => it.list(root, path, 'a', 3)],
  ['out-of-range', (engine, it, root) => it.compare(root, root, -5)],
  ['bad-usage', (engine, it, root) => it.compare(root, {}, 5)],
  ['bad-usage', (engine, it, root, path) => it.prove(root, path, 'yes')],
  ['bad-usage', (engine, it, root, path) => it.prove(root, path, 1)],
  ['out-of-range', (engine, it) => it.entries(-1, 3)],
  ['out-of-range', (engine, it) => it.entries(0n, 1n << 64n)],
  ['bad-usage', (engine, it) => it.entries(0, Symbol('no number'))],
  ['bad-usage', (engine, it) => it.commit('0', [])],
  ['out-of-range', (engine, it) => it.commit(1n << 70n, [])],
  ['bad-usage', (engine, it) => it.commit(undefined, 5)],
  ['bad-usage', (engine, it) => it.commit(undefined, new Uint8Array(3))],
  ['bad-usage', (engine, it) => it.commit(undefined, ['entry'])],
  ['truncated', (engine, it) => it.commit(undefined, [new Uint8Array()])],
  ['bad-usage', (engine, it) => it.writeTree(5)],
  ['bad-usage', (engine, it) => it.writeTree(undefined)],
  ['bad-usage', (engine, it) => it.writeTree([5])],
  ['bad-usage', (engine, it) => it.writeTree([null])],
  ['bad-usage', (engine, it) => it.writeTree([{}])],
  ['bad-usage', (engine, it, root, path) => it.writeTree([{ path }])],
  ['bad-usage', (engine, it, root, path) => it.writeTree([{ bytes: path }])],
  ['bad-usage', (engine, it, root, path) => it.writeTree([{ path, bytes: 'text' }])],
  ['bad-usage', (engine, it, root, path) => it.writeTree([{ path: 'a', bytes: path }])],
  ['bad-usage', (engine, it, root, path) => it.writeTree([{ path: 7, bytes: path }])],
  [
    'bad-usage',
    (engine, it, root, path) => it.writeTree([{ path, bytes: path, executable: 'yes' }]),
  ],
  [
    'of a getter',
    (engine, it, root, path) =>
      it.writeTree([
        {
          path,
          get bytes() {
            throw Object.assign(new Error(), { code: 'of a getter' });
          },
        },
      ]),
  ],
  ['bad-usage', (engine) => engine.contentIds('abc')],
  ['bad-usage', (engine) => engine.contentIds([1])],
  ['bad-usage', (engine) => engine.verifyPath('proof')],
  ['bad-usage', (engine, it, root, path) => engine.verifyPath(path, 5)],
  ['bad-usage', (engine) => engine.removeStore(5)],
  ['bad-usage', (engine) => engine.removeStore('\ud800')],
  ['bad-usage', (engine) => engine.Store.open('\ud800')],
  ['bad-usage', (engine) => engine.Store.open(undefined)],
  ['bad-usage', (engine) => engine.Store.inMemory().at(7)],
  ['bad-id', (engine) => engine.Store.inMemory().at('7')],
  [
    'bad-usage',
    (engine) => engine.Store.inMemory().begin(new Uint8Array(31), new Uint8Array(32), '', {}),
  ],
  [
    'bad-usage',
    (engine) => engine.Store.inMemory().begin(new Uint8Array(32), new Uint8Array(32), '', {}),
  ],
  ['no-workspace', (engine) => engine.Store.inMemory().openWorkspace()],
  ['unknown-workspace', (engine) => engine.Store.inMemory().openWorkspace('00'.repeat(32))],
  ['bad-usage', (engine, it) => it.commitSnapshot({}, {})],
  ['bad-usage', (engine, it) => it.log(undefined, 'all')],
  ['bad-reference', (engine, it) => it.findSnapshot('')],
  ['bad-usage', (engine, it) => it.moveRef('a', undefined, undefined, {})],
  ['bad-usage', (engine) => engine.Workspace.prototype.number.call({})],
  ['bad-usage', (engine) => new engine.Workspace().number()],
  [
    'bad-usage',
    async (engine, it, root, path) => {
      const freed = (await engine.Store.open('values')).at('07'.repeat(32));
      const underWay = freed.readFile(root, path);
      freed.free();
      if ((await underWay)?.length !== 1) throw new Error('a call under way was ended');
      return freed.number();
    },
  ],
  [
    'bad-usage',
    async (engine) => {
      const freed = (await engine.Store.open('values')).at('07'.repeat(32));
      freed[Symbol.dispose]();
      return freed.refs();
    },
  ],
  [
    'bad-usage',
    async (engine) => {
      const freed = (await engine.Store.open('values')).at('07'.repeat(32));
      freed.free();
      freed.free();
    },
  ],
];

const prepare = async () => {
  const { Store, removeStore } = window.engine;
  await removeStore('values');
  window.workspace = (await Store.create('values')).at('07'.repeat(32));
  window.path = new Uint8Array([97]);
  window.root = await window.workspace.writeTree([{ path: window.path, bytes: window.path }]);
};

/** What a case throws: whether it is an error, and its code. */
const thrownBy = async (source) => {
  const work = (0, eval)(source);
  try {
    await work(window.engine, window.workspace, window.root, window.path);
  } catch (failure) {
    return { isError: failure instanceof Error, code: failure.code, message: failure.message };
  }
  return { code: 'nothing' };
};

/** What is right is taken as before, also what is right in an unusual way. */
const goesOn = async () => {
  const { workspace, root, path } = window;
  const some = await workspace.list(root, new Uint8Array(), new Uint8Array(), 2n ** 64n - 1n);
  const read = await workspace.readFile(root, path.subarray(0, 1));
  const file = { path, bytes: path, executable: null };
  const again = await workspace.writeTree([file]);
  return [some.length, read[0], again === root, (await workspace.number()) === undefined];
};

/** Tries all cases; answers how many there were. */
export async function values(browser, address) {
  const context = await browser.newContext();
  const tab = await openTab(context, address);
  await must(tab, prepare);
  for (const [code, work] of CASES) {
    const thrown = await must(tab, thrownBy, `(${work})`);
    assert.ok(thrown.isError && thrown.code === code, `${work}: ${JSON.stringify(thrown)}`);
  }
  assert.deepEqual(await must(tab, goesOn), [1, 97, true, true]);
  await context.close();
  return CASES.length;
}
