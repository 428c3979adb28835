// Builds dist/ from wasm/, which `cargo xtask npm` fills, and src/.
import { spawnSync } from 'node:child_process';
import { copyFileSync, rmSync } from 'node:fs';
import { bundle } from './bundle.mjs';
import { makeWasm } from './wasm.mjs';

const root = new URL('../', import.meta.url);
makeWasm();
rmSync(new URL('build/', root), { recursive: true, force: true });
const tsc = new URL('node_modules/typescript/bin/tsc', root).pathname;
const { status } = spawnSync(process.execPath, [tsc], { cwd: root, stdio: 'inherit' });
if (status !== 0) process.exit(1);
await bundle();
for (const name of ['LICENSE-MIT', 'LICENSE-APACHE']) {
  copyFileSync(new URL(`../${name}`, root), new URL(name, root));
}
