// A tab that has the module of `pages.rs`, and a ledger by the name `ledger`.
const PAGE = (name) => `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
<script type="module">
  import init, * as engine from '/${name}.js';
  await init({ module_or_path: '/${name}_bg.wasm' });
  // What was thrown, as something that can leave the page.
  const told = ({ code = 'none', message }) => ({ code, message });
  window.tell = async (work) => {
    try {
      return { value: await work() };
    } catch (failure) {
      return { failure: told(failure instanceof Error ? failure : { message: String(failure) }) };
    }
  };
  window.engine = engine;
  window.Ledger = engine.Ledger;
  window.remove = engine.remove;
  window.ready = true;
</script>`;

/** A worker that calls the functions which it is sent, with the module. */
const WORKER = (name) => `
  import init, * as engine from '/${name}.js';
  await init({ module_or_path: '/${name}_bg.wasm' });
  onmessage = async ({ data: work }) => {
    try {
      postMessage({ value: await (0, eval)(work)(engine) });
    } catch ({ code, message }) {
      postMessage({ failure: { code, message } });
    }
  };
  postMessage('ready');`;

/** The pages to serve beside the module `name`. */
export const pages = (name) => ({ '/': PAGE(name), '/worker.js': WORKER(name) });

/** Starts the worker of a tab. */
export const startWorker = (tab) =>
  must(tab, () => {
    window.worker = new Worker('/worker.js', { type: 'module' });
    return new Promise((resolve, reject) => {
      window.worker.onmessage = () => resolve();
      window.worker.onerror = reject;
    });
  });

/** As `ask`, in the worker of a tab; `work` is called with the module alone. */
export async function askWorker(tab, work) {
  const answer = (source) =>
    new Promise((resolve) => {
      window.worker.onmessage = ({ data }) => resolve(data);
      window.worker.postMessage(source);
    });
  return must(tab, answer, `(${work})`);
}

/** A tab with the module loaded, after `prepare` has run in it. */
export async function openTab(context, address, prepare) {
  const tab = await context.newPage();
  // Playwright's name of it, and Puppeteer's.
  if (prepare) await (tab.addInitScript ?? tab.evaluateOnNewDocument).call(tab, prepare);
  await tab.goto(address);
  await tab.waitForFunction(() => window.ready);
  return tab;
}

/** Runs `work` in a tab: `{ value }`, or `{ failure: { code, message } }`. */
export function ask(tab, work, ...given) {
  const source = `window.tell(() => (${work})(...${JSON.stringify(given)}))`;
  return tab.evaluate(source);
}

/** As `ask`, and fails if that does. */
export async function must(tab, work, ...given) {
  const { value, failure } = await ask(tab, work, ...given);
  if (failure) throw new Error(`${failure.code}: ${failure.message}`);
  return value;
}
