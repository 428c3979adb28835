import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';

import * as imported from 'markerbed';
import { MarkerbedError, init } from 'markerbed';
import * as slim from 'markerbed/slim';

const require = createRequire(import.meta.url);
const read = (path) => readFileSync(new URL(path, import.meta.url));
const wasm = read('../dist/markerbed.wasm');
const { version } = require('markerbed/package.json');

test('the packages have the version of the crates', () => {
  const [, inCargo] = String(read('../../Cargo.toml')).match(/^version = "(.+)"$/m);
  const suite = JSON.parse(read('../conformance/package.json'));

  assert.deepEqual([version, suite.version], [inCargo, inCargo]);
  assert.equal(suite.peerDependencies.markerbed, inCargo);
});

test('whoever imports and whoever requires have the same classes', () => {
  for (const [name, ours] of [['markerbed', imported], ['markerbed/slim', slim]]) {
    const required = require(name);

    assert.deepEqual(Object.keys(required).sort(), Object.keys(ours).sort());
    for (const [key, value] of Object.entries(ours)) assert.equal(required[key], value, key);
  }
  assert.equal(slim.Workspace, imported.Workspace);
});

test('what is not the wasm of this package is refused, and says what it is', async () => {
  const page = Buffer.from('<!doctype html><title>Not here</title>');
  const other = Buffer.from(wasm);
  const at = other.lastIndexOf(`${version} `);
  other.write('9', at);
  const rebuilt = Buffer.from(wasm);
  rebuilt.write('0'.repeat(16), at + `${version} `.length);
  const foreign = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
  const answer = (body, headers, status = 200) => new Response(body, { headers, status });
  const asWasm = { 'content-type': 'application/wasm' };

  const cases = [
    [page, 'engine-not-wasm', /<!doctype html>/],
    [new Uint8Array(), 'engine-not-wasm', /empty/],
    [answer(page, { 'content-type': 'text/html' }), 'engine-not-wasm', /text\/html/],
    [wasm.subarray(0, wasm.length >> 1), 'engine-damaged', /cut off or damaged/],
    [answer(wasm.subarray(0, wasm.length >> 1), asWasm), 'engine-damaged', /cut off or damaged/],
    [answer(page, asWasm), 'engine-damaged', /cut off or damaged/],
    [other, 'engine-mismatch', /of markerbed 9\./],
    [answer(other, asWasm), 'engine-mismatch', /of markerbed 9\./],
    [await WebAssembly.compile(other), 'engine-mismatch', /of markerbed 9\./],
    [rebuilt, 'engine-mismatch', /another build of markerbed/],
    [foreign, 'engine-mismatch', /none of markerbed/],
    [answer('', {}, 404), 'engine-not-loaded', /404/],
    [new URL('file:///none/markerbed.wasm'), 'engine-not-loaded', /none\/markerbed\.wasm/],
    ['http://127.0.0.1:9/markerbed.wasm', 'engine-not-loaded', /127\.0\.0\.1/],
    ['no address', 'engine-not-loaded', /no address/],
    [17, 'bad-usage', /a number/],
  ];
  assert.ok(at > 0);
  for (const [source, code, message] of cases) {
    await assert.rejects(
      () => init(source),
      (error) => {
        assert.ok(error instanceof MarkerbedError, String(error.stack));
        assert.equal(error.code, code);
        assert.match(error.message, message);
        return true;
      },
    );
  }
  await assert.rejects(() => slim.init(), { code: 'bad-usage' });
  assert.throws(() => imported.contentIds([]), { code: 'engine-not-loaded' });
});

test('what runs this and is too old hears what it lacks', async (t) => {
  const validate = WebAssembly.validate;
  const without = async (place, name, value, expected) => {
    const had = Object.getOwnPropertyDescriptor(place, name);
    Object.defineProperty(place, name, { ...had, value });
    t.after(() => Object.defineProperty(place, name, had));
    await assert.rejects(
      () => init(wasm),
      (error) => error.code === 'browser-too-old' && error.message.includes(expected),
    );
    Object.defineProperty(place, name, had);
  };
  const knowsNo = (opcode) => (bytes) => !bytes.includes(opcode) && validate(bytes);

  await without(globalThis, 'WebAssembly', undefined, 'no WebAssembly, no');
  await without(globalThis, 'BigInt', undefined, 'no BigInt');
  await without(WebAssembly, 'validate', knowsNo(0xfd), 'no WebAssembly vector instructions');
  await without(WebAssembly, 'validate', knowsNo(0xd0), 'no WebAssembly reference types');
  await without(String.prototype, 'isWellFormed', undefined, 'no String.prototype.isWellFormed');
});

test('after all that was refused, the right wasm is loaded', async () => {
  await init();

  assert.equal(imported.contentIds([wasm])[0].length, 64);
});
