// How fast hashing is in Node and in browsers: `node bench.mjs FOLDER ROUNDS`, FOLDER with the
// module and what loads it. Prints a line of JSON for each value.
import { startChromium, startFirefox } from './browsers.mjs';
import { startNode } from './node.mjs';

const HASHED_MEBIBYTES = 64;

const [folder, rounds] = process.argv.slice(2);
for (const [name, start] of [
  ['Node', startNode],
  ['Chromium', startChromium],
  ['Firefox', startFirefox],
]) {
  const runtime = await start(folder);
  console.log(JSON.stringify({ runtime: runtime.version }));
  // The first time compiles.
  await runtime.ask({ hashed: HASHED_MEBIBYTES });
  for (let round = 0; round < Number(rounds); round += 1) {
    const took = await runtime.ask({ hashed: HASHED_MEBIBYTES });
    for (const [program, value] of [
      ['markerbed', took.engine],
      ['bare BLAKE3', took.bare],
    ]) {
      const operation = `hashing in ${name}`;
      console.log(JSON.stringify({ operation, program, quantity: 'wall-ms', value }));
    }
  }
  await runtime.close();
}
