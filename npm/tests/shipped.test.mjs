import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

import { downloaded, pack, weight } from '../scripts/pack.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { tarball, files } = pack();
const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

test('publint finds nothing', async () => {
  const bytes = Uint8Array.from(readFileSync(tarball)).buffer;

  const { messages } = await publint({ pack: { tarball: bytes }, strict: true });

  assert.deepEqual(messages.map((message) => formatMessage(message, manifest)), []);
});

test('types are right however the package is resolved', () => {
  const attw = `${root}node_modules/@arethetypeswrong/cli/dist/index.js`;
  // `node10` knows no `exports`; a raw wasm file has no types to speak of.
  const flags = ['--profile', 'node16', '--exclude-entrypoints', './markerbed.wasm', '--no-emoji'];

  // Fails if it finds a problem.
  const said = execFileSync(process.execPath, [attw, tarball, ...flags], { encoding: 'utf8' });

  for (const path of Object.keys(manifest.exports).filter((path) => !path.endsWith('.wasm'))) {
    assert.ok(said.includes(`"${path.replace('.', 'markerbed')}"`), path);
  }
});

test('everything that is exported has a doc comment', () => {
  const typedoc = `${root}node_modules/typedoc/bin/typedoc`;

  // Fails if it warns of anything: of what has no comment, too.
  execFileSync(process.execPath, [typedoc, '--emit', 'none'], { cwd: root, stdio: 'pipe' });
});

test('what is packed and what a page downloads stay small', () => {
  const all = weight(files.filter((file) => !file.endsWith('.map'))).brotli;
  const paths = downloaded('index.js');
  const page = weight(paths).brotli;

  console.log(`brotli: ${all} bytes packed, ${page} bytes downloaded; at most ${BROTLI_MAX}`);
  assert.ok(paths.includes('dist/workspace.js'));
  assert.ok(all <= BROTLI_MAX && page <= BROTLI_MAX && page > 100_000);
});

test('only what is needed is packed', () => {
  const kinds =
    /^(dist\/[\w.-]+\.(js|cjs|mjs|d\.ts|d\.cts|d\.mts|wasm|map)|package\.json|.+\.md|LICENSE.*)$/;

  assert.deepEqual(files.filter((file) => !kinds.test(file)), []);
  for (const needed of ['README.md', 'LICENSE-MIT', 'LICENSE-APACHE', 'dist/markerbed.wasm']) {
    assert.ok(files.includes(needed), needed);
  }
});

/** The budget of issue 6. */
const BROTLI_MAX = 400_000;
