// How fast the store is in Chromium: `node bench.mjs FOLDER [ROUNDS]`, where FOLDER has the module
// of `pages.rs`. Prints the median of each line in milliseconds, and its slowest round.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launchKeeping, serve } from './chromium.mjs';
import { must, openTab, pages } from './page.mjs';

const OBJECTS = 10_000;
const OBJECT_BYTES = 100;
const AT_ONCE = 4_096;

const [folder, rounds = '5'] = process.argv.slice(2);
const server = await serve(folder, pages('pages'));
// On a disk: a window without a history keeps everything in memory.
const data = await mkdtemp(join(tmpdir(), 'markerbed-bench-'));
const context = await launchKeeping(data);
const tab = await openTab(context, server.address);
const lines = { put: [], fetch: [], commit: [] };
for (let round = 0; round < Number(rounds); round += 1) {
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
    `bench ${round}`,
    OBJECTS,
    OBJECT_BYTES,
    AT_ONCE,
  );
  for (const [line, ms] of Object.entries(took)) lines[line].push(ms);
}
await context.close();
server.stop();
await rm(data, { recursive: true });

const names = {
  put: `${OBJECTS} objects into IndexedDB, durable`,
  fetch: `${OBJECTS} objects back`,
  commit: 'a content, an object and an entry, three durable transactions',
};
for (const [line, times] of Object.entries(lines)) {
  times.sort((a, b) => a - b);
  const median = times[Math.floor(times.length / 2)];
  console.log(`${names[line]}: ${median.toFixed(1)} ms, slowest ${times.at(-1).toFixed(1)} ms`);
}
