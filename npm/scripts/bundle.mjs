// Makes of what TypeScript wrote into build/ what package.json exports from dist/.
//
// NAME.js is for browsers and bundlers, NAME.cjs for Node, Deno and Bun, and NAME.mjs hands on what
// NAME.cjs has: whoever imports and whoever requires get the same classes and the same engine.
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { rollup } from 'rollup';
import { dts } from 'rollup-plugin-dts';
import { minify } from 'terser';

const ROOT = new URL('../', import.meta.url);
const BUILT = new URL('build/', ROOT).pathname;
const DIST = new URL('dist/', ROOT);

/** Fills dist/ anew. */
export async function bundle() {
  const { exports } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8'));
  const targets = new Set(leaves(exports));
  const named = (ending) =>
    [...targets].flatMap((path) => path.match(`^\\./dist/([\\w-]+)\\${ending}$`)?.[1] ?? []);
  rmSync(DIST, { recursive: true, force: true });
  mkdirSync(DIST);
  copyFileSync(new URL('wasm/markerbed.wasm', ROOT), new URL('markerbed.wasm', DIST));
  copyFileSync(new URL('src/markerbed.d.wasm.ts', ROOT), new URL('markerbed.wasm.d.ts', DIST));
  copyFileSync(new URL('src/places.d.ts', ROOT), new URL('places.d.ts', DIST));

  const scripts = { external: /^node:|\.wasm$/, plugins: [maps, small] };
  await write(scripts, named('.js'), '.js', { format: 'es', sourcemap: true });
  const entries = await write(scripts, named('.cjs'), '.cjs', { format: 'cjs', sourcemap: true });
  const types = { external: /^node:|\.wasm$/, plugins: [dts()] };
  const banner = '/// <reference path="./places.d.ts" />';
  await write(types, named('.js'), '.d.ts', { format: 'es', banner });
  await write(types, named('.cjs'), '.d.cts', { format: 'es', banner });
  for (const { name, exports: names } of entries) {
    const text = `export { ${names.join(', ')} } from './${name}.cjs';\n`;
    writeFileSync(new URL(`${name}.mjs`, DIST), text);
    writeFileSync(new URL(`${name}.d.mts`, DIST), `export * from './${name}.cjs';\n`);
  }
}

/** Bundles the modules of these names together; answers the entries. */
async function write(options, names, ending, output) {
  const from = ending.startsWith('.d') ? '.d.ts' : '.js';
  const input = Object.fromEntries(names.map((name) => [name, `${BUILT}${name}${from}`]));
  const bundled = await rollup({ ...options, input, onwarn: refused });
  const { output: chunks } = await bundled.write({
    ...output,
    dir: DIST.pathname,
    entryFileNames: `[name]${ending}`,
    chunkFileNames: ({ name }) => `${name.replace(/\.d$/, '')}${ending}`,
    exports: 'named',
    minifyInternalExports: false,
  });
  await bundled.close();
  return chunks.filter((chunk) => chunk.isEntry);
}

/** Hands on the maps that TypeScript wrote, so that the last ones lead to the sources. */
const maps = {
  name: 'maps',
  load(id) {
    if (!id.startsWith(BUILT)) return null;
    return { code: readFileSync(id, 'utf8'), map: JSON.parse(readFileSync(`${id}.map`, 'utf8')) };
  },
};

/** Takes out what only a reader of the sources needs: the maps lead there. */
const small = {
  name: 'small',
  async renderChunk(code, _chunk, { format }) {
    const { code: made, map } = await minify(code, {
      // Node finds the exports of a script that is required by their statements.
      compress: { sequences: false },
      keep_classnames: true,
      module: format === 'es',
      toplevel: true,
      sourceMap: true,
    });
    return { code: made, map: JSON.parse(map) };
  },
};

function refused(warning) {
  // A script that exports nothing has no types.
  if (warning.code === 'EMPTY_BUNDLE') return;
  throw new Error(warning.message);
}

function leaves(value) {
  return typeof value === 'string' ? [value] : Object.values(value).flatMap(leaves);
}
