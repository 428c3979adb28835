// A tab that has the module of `pages.rs`, and a ledger by the name `ledger`.
const PAGE = (name) => `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
<script type="module">
  import init, { Ledger, remove } from '/${name}.js';
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
  window.Ledger = Ledger;
  window.remove = remove;
  window.ready = true;
</script>`;

/** The pages to serve beside the module `name`. */
export const pages = (name) => ({ '/': PAGE(name) });

/** A tab with the module loaded. */
export async function openTab(context, address) {
  const tab = await context.newPage();
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
