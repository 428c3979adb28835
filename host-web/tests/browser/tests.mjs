// Runs the tests of modules that `wasm-bindgen-test` has made: `node tests.mjs FOLDER...`,
// where each folder has one; each in several places. Prints each result, and last how many passed.
import { readdir } from 'node:fs/promises';
import { launch, serve } from './chromium.mjs';
import * as firefox from './firefox.mjs';

const LIMIT_MS = 10 * 60 * 1000;

/** Loads the module and runs its tests; what they say is in `output` or goes to `say`. */
const RUN = (name) => `
  globalThis.__wbg_test_invoke = (test) => test();
  const run = async () => {
    const module = await import('/${name}.js');
    const wasm = await module.default({ module_or_path: '/${name}_bg.wasm' });
    const names = Object.keys(wasm).filter((name) => name.startsWith('__wbgt_'));
    const context = new module.WasmBindgenTestContext(false);
    return context.run(names.map((name) => wasm[name]));
  };`;

const DOCUMENT = (script) => `<!doctype html><meta charset="utf-8">
<link rel="icon" href="data:,"><pre id="output"></pre><script type="module">${script}</script>`;

const PAGE = (name) => `${RUN(name)}
  try {
    window.passed = await run();
  } catch (failure) {
    window.broken = String(failure.stack ?? failure);
  }
  window.ended = true;`;

/** A page that only shows what its worker says. */
const OWNER = `
  const worker = new Worker('/worker.js', { type: 'module' });
  worker.onerror = ({ message }) => {
    window.broken = message;
    window.ended = true;
  };
  worker.onmessage = ({ data }) => {
    if (data.line !== undefined) document.getElementById('output').textContent += data.line + '\\n';
    else Object.assign(window, data, { ended: true });
  };`;

const WORKER = (name) => `${RUN(name)}
  globalThis.__wbg_test_output_writeln = (line) => postMessage({ line });
  try {
    postMessage({ passed: await run() });
  } catch (failure) {
    postMessage({ broken: String(failure.stack ?? failure) });
  }`;

const HIDE_LOCKS = `Object.defineProperty(Navigator.prototype, 'locks', { value: undefined });
  if (navigator.locks) throw new Error('there are still locks');`;

const PLACES = {
  'a page in Chromium': { page: PAGE },
  'a module worker in Chromium': { page: () => OWNER, worker: WORKER },
  'a page without Web Locks': { page: (name) => HIDE_LOCKS + PAGE(name) },
  'a page in Firefox': { page: PAGE, isFirefox: true },
};

/** A tab of its own, and what closes it with its data. */
async function openTab(browsers, isFirefox) {
  const context = await browsers[isFirefox ? 'firefox' : 'chromium'].newContext();
  const tab = await context.newPage();
  tab.on('console', (message) => console.error(message.text()));
  const wait = () => {
    const options = { timeout: LIMIT_MS };
    const ended = () => window.ended;
    return isFirefox
      ? tab.waitForFunction(ended, { ...options, polling: 100 })
      : tab.waitForFunction(ended, null, options);
  };
  return { tab, wait, close: () => context.close() };
}

async function run(browsers, place, folder) {
  const { page, worker, isFirefox } = PLACES[place];
  const script = (await readdir(folder)).find((file) => file.endsWith('.js')).slice(0, -3);
  const pages = { '/': DOCUMENT(page(script)) };
  if (worker) pages['/worker.js'] = worker(script);
  const server = await serve(folder, pages);
  const { tab, wait, close } = await openTab(browsers, isFirefox);
  const start = performance.now();
  await tab.goto(server.address);
  await wait().catch((failure) => console.error(`${folder}: ${failure.message}`));
  const { output, passed, broken } = await tab.evaluate(() => ({
    output: document.getElementById('output').textContent,
    passed: window.passed,
    broken: window.broken,
  }));
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  await close();
  server.stop();
  const results = [...output.matchAll(/^test .* \.\.\. (ok|FAIL)$/gm)].map((match) => match[1]);
  const good = results.filter((result) => result === 'ok').length;
  const whole = passed === true && good > 0 && good === results.length;
  if (!whole) console.log(output.trim());
  if (broken) console.log(broken);
  console.log(`${script} in ${place}: ${good} of ${results.length}, ${seconds} s`);
  return { good, whole };
}

const skipped = firefox.missing();
const browsers = {
  chromium: await launch(),
  firefox: skipped ? undefined : await firefox.launch(),
};
let good = 0;
let whole = true;
for (const place of Object.keys(PLACES)) {
  if (PLACES[place].isFirefox && skipped) {
    console.log(`SKIPPED ${place}: ${skipped}`);
    continue;
  }
  const counts = [];
  for (const folder of process.argv.slice(2)) {
    const ran = await run(browsers, place, folder);
    counts.push(ran.good);
    whole &&= ran.whole;
  }
  good += counts.reduce((sum, count) => sum + count, 0);
}
await browsers.chromium.close();
await browsers.firefox?.close();
console.log(`markerbed-browser ${good} passed`);
process.exit(whole ? 0 : 1);
