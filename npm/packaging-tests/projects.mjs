// Projects that have the packed package installed, each in a folder of its own in made/.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { section } from '../scripts/wasm.mjs';

const HERE = new URL('./', import.meta.url);
const MADE = new URL('made/', HERE);

/** Makes the folder of a project anew, with packages installed from tarballs. */
export function lay(name, markerbed, others = {}) {
  const folder = fileURLToPath(new URL(`${name}/`, MADE));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  cpSync(new URL('shared/', HERE), folder, { recursive: true });
  cpSync(new URL(`projects/${name}/`, HERE), folder, { recursive: true });
  const manifest = { name, private: true, type: 'module', dependencies: { markerbed, ...others } };
  writeFileSync(`${folder}package.json`, JSON.stringify(manifest));
  run(folder, 'npm', 'install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund');
  layWrong(folder);
  return folder;
}

/** Files that are no wasm of this package, each in another way. */
function layWrong(folder) {
  const wasm = readFileSync(`${folder}node_modules/markerbed/dist/markerbed.wasm`);
  const wrong = {
    page: '<!doctype html><title>Nothing is here</title>',
    cut: wasm.subarray(0, wasm.length >> 1),
    other: Buffer.concat([
      Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]),
      section('markerbed', '9 x'),
    ]),
  };
  mkdirSync(`${folder}wrong`);
  for (const [name, bytes] of Object.entries(wrong)) {
    writeFileSync(`${folder}wrong/${name}.wasm`, bytes);
  }
}

/** Runs a program in a folder and answers what it printed. */
export function run(folder, program, ...given) {
  try {
    return execFileSync(program, given, { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
  } catch (error) {
    throw new Error(`${program} ${given.join(' ')}: ${error.stdout}${error.stderr}`);
  }
}

/** The path of a file of a package that is installed for these tests. */
export function tool(path) {
  return fileURLToPath(new URL(`node_modules/${path}`, HERE));
}

/** A program that a package brings for some machines; where it is missing the test is skipped. */
export function runtime(test, path) {
  if (existsSync(tool(path))) return tool(path);
  const missing = `the package of ${path} is not for this machine`;
  if (process.env.CI === 'true') throw new Error(missing);
  test.skip(missing);
  return undefined;
}
