// Runs the tests of modules that `wasm-bindgen-test` has made: `node tests.mjs FOLDER...`,
// where each folder has one. Prints each result, and last how many passed.
import { readdir } from 'node:fs/promises';
import { launch, serve } from './chromium.mjs';

const LIMIT_MS = 10 * 60 * 1000;

const page = (name) => `<!doctype html><meta charset="utf-8">
<link rel="icon" href="data:,"><pre id="output"></pre>
<script type="module">
  window.__wbg_test_invoke = (test) => test();
  try {
    const module = await import('/${name}.js');
    const wasm = await module.default({ module_or_path: '/${name}_bg.wasm' });
    const names = Object.keys(wasm).filter((name) => name.startsWith('__wbgt_'));
    const context = new module.WasmBindgenTestContext(false);
    window.passed = await context.run(names.map((name) => wasm[name]));
  } catch (failure) {
    window.broken = String(failure.stack ?? failure);
  }
  window.ended = true;
</script>`;

async function run(browser, folder) {
  const script = (await readdir(folder)).find((file) => file.endsWith('.js')).slice(0, -3);
  const server = await serve(folder, { '/': page(script) });
  const context = await browser.newContext();
  const tab = await context.newPage();
  tab.on('console', (message) => console.error(message.text()));
  await tab.goto(server.address);
  await tab.waitForFunction(() => window.ended, null, { timeout: LIMIT_MS }).catch((failure) => {
    console.error(`${folder}: ${failure.message}`);
  });
  const { output, passed, broken } = await tab.evaluate(() => ({
    output: document.getElementById('output').textContent,
    passed: window.passed,
    broken: window.broken,
  }));
  console.log(output.trim());
  if (broken) console.log(broken);
  await context.close();
  server.stop();
  const results = [...output.matchAll(/^test .* \.\.\. (ok|FAIL)$/gm)].map((match) => match[1]);
  const good = results.filter((result) => result === 'ok').length;
  return { good, bad: results.length - good, whole: passed === true && good > 0 };
}

const browser = await launch();
let good = 0;
let whole = true;
for (const folder of process.argv.slice(2)) {
  const ran = await run(browser, folder);
  good += ran.good;
  whole &&= ran.whole && ran.bad === 0;
}
await browser.close();
console.log(`markerbed-browser ${good} passed`);
process.exit(whole ? 0 : 1);
