// How fast the store is in Chromium: `node bench.mjs FOLDER [ROUNDS]`, where FOLDER has the module
// of `pages.rs`. Prints a line of JSON for each value.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launchKeeping, serve } from './chromium.mjs';
import { must, openTab, pages } from './page.mjs';

const SIZES = [100, 1_000, 10_000, 100_000];
const OBJECT_BYTES = 100;
const AT_ONCE = 4_096;

const [folder, rounds = '5'] = process.argv.slice(2);
const server = await serve(folder, pages('pages'));
// On a disk: a window without a history keeps everything in memory.
const data = await mkdtemp(join(tmpdir(), 'markerbed-bench-'));
const context = await launchKeeping(data);
const tab = await openTab(context, server.address);
for (let round = 0; round < Number(rounds); round += 1) {
  for (const size of SIZES) {
    const took = await must(
      tab,
      async (name, count, bytes, atOnce) => {
        const ledger = await window.Ledger.create(name);
        const start = performance.now();
        await ledger.put_objects(count, bytes, atOnce);
        const put = performance.now();
        const found = await ledger.fetch_objects(count, bytes, atOnce);
        const fetched = performance.now();
        if (found !== count) throw new Error(`${found} of ${count} objects came back`);
        await ledger.win(1, 20, 100, () => {});
        const won = performance.now();
        ledger.free();
        return { put: put - start, fetch: fetched - put, commit: (won - fetched) / 20 };
      },
      `bench ${round} ${size}`,
      size,
      OBJECT_BYTES,
      AT_ONCE,
    );
    say('put', took.put / 1e3, size);
    say('fetch', took.fetch / 1e3, size);
    if (size === SIZES[0]) say('commit', took.commit / 1e3);
  }
}
await context.close();
server.stop();
await rm(data, { recursive: true });

function say(operation, value, size) {
  console.log(JSON.stringify({ operation, program: 'markerbed', quantity: 'wall-s', size, value }));
}
