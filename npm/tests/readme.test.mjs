import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(`${root}README.md`, 'utf8');
const examples = [...readme.matchAll(/^```js\n(.*?)^```$/gms)].map(([, example]) => example);

test('the examples of the README print what it says', () => {
  mkdirSync(`${root}build/readme`, { recursive: true });
  for (const [number, example] of examples.entries()) {
    const file = `${root}build/readme/${number}.mjs`;
    writeFileSync(file, example);
    const promised = [...example.matchAll(/^\/\/ (.*)$/gm)].map(([, line]) => `${line}\n`).join('');

    const printed = execFileSync(process.execPath, [file], { encoding: 'utf8', timeout: 60_000 });

    assert.equal(printed, promised, `example ${number + 1}`);
  }
  console.log(`${examples.length} examples`);
  assert.ok(examples.length >= 4);
});
