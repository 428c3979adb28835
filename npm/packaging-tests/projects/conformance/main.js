import { conformance } from 'markerbed-conformance';
import { MemoryStore } from './memory.js';

const cases = await conformance(() => new MemoryStore());
let passed = 0;
for (const { run } of cases.slice(0, 5)) {
  await run();
  passed += 1;
}
console.log(JSON.stringify({ cases: cases.length, passed }));
