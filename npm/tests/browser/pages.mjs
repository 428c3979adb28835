// A page that has the built package, and scripts for workers, from a server on this machine.
import { fileURLToPath } from 'node:url';

import { serve } from '../../../host-web/tests/browser/chromium.mjs';

const PAGE = (head) => `<!doctype html><meta charset="utf-8">${head}
<link rel="icon" href="data:,">
<script type="module">
  import * as markerbed from '/dist/index.js';
  const text = new TextEncoder();
  window.markerbed = markerbed;
  window.FILES = [
    ['notes/plan.md', text.encode('Water the plants.\\n')],
    ['notes/ideas/garden.md', text.encode('A bed of marker stones.\\n')],
    ['empty', new Uint8Array()],
  ];
  /** A directory of this origin with files: path and text. */
  window.directoryOf = async (name, files) => {
    const above = await navigator.storage.getDirectory();
    const top = await above.getDirectoryHandle(name, { create: true });
    for (const [path, bytes] of files) {
      const names = path.split('/');
      let directory = top;
      for (const name of names.slice(0, -1)) {
        directory = await directory.getDirectoryHandle(name, { create: true });
      }
      const file = await directory.getFileHandle(names.at(-1), { create: true });
      const writer = await file.createWritable();
      await writer.write(bytes);
      await writer.close();
    }
    return top;
  };
  /** The code of what a promise is refused with. */
  window.codeOf = async (promise) => {
    try {
      await promise;
      return 'none';
    } catch (error) {
      return error.code ?? error.name;
    }
  };
  window.tell = async (work) => {
    try {
      return { value: await work() };
    } catch (failure) {
      const { code = 'none', message = String(failure) } = failure ?? {};
      return { failure: { code, message } };
    }
  };
  window.ready = true;
</script>`;

/** A worker's script of one's own: it does as it is told, and computes for the page, too. */
const OWN = `import '/dist/worker.js';
  addEventListener('message', ({ data }) => {
    if (data === 'close') close();
    if (data === 'stop') Promise.reject(new WebAssembly.RuntimeError('planted'));
    if (data === 'throw') throw new Error('an error of its own');
  });`;

/** What makes a start look like that of another version. */
const NEWER = `addEventListener('message', ({ data }) => {
    if (data.markerbed) data.markerbed += 1;
  });`;

const PAGES = {
  '/': PAGE(''),
  '/no-workers': PAGE(
    '<meta http-equiv="content-security-policy" content="worker-src \'none\'">',
  ),
  '/own.js': OWN,
  '/newer.js': NEWER,
  '/other.js': "import '/newer.js'; import '/dist/worker.js';",
  '/broken.js': 'throw new Error("no");',
};

/** Serves the package with these pages. */
export const servePages = () => serve(fileURLToPath(new URL('../..', import.meta.url)), PAGES);
