// Runs the suites in one runtime: `node main.mjs RUNTIME FOLDER`, FOLDER with the module and what
// loads it.
//
// First it answers which runtime it is; then each line of its input is a question and is answered
// by a line. It ends, and closes the browser, when its input ends.
import { createInterface } from 'node:readline';

import { startChromium, startFirefox } from './browsers.mjs';
import { startNode } from './node.mjs';

const STARTERS = { node: startNode, chromium: startChromium, firefox: startFirefox };

function say(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

async function answer(runtime, line) {
  try {
    return { answer: await runtime.ask(JSON.parse(line)) };
  } catch (error) {
    return { error: String(error) };
  }
}

const [name, folder] = process.argv.slice(2);
let runtime;
try {
  runtime = await STARTERS[name](folder);
} catch (error) {
  say({ error: `cannot start ${name}: ${error}` });
  process.exit(1);
}
say({ answer: runtime.version });
for await (const line of createInterface({ input: process.stdin })) {
  say(await answer(runtime, line));
}
await runtime.close();
