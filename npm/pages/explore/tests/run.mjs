// Drives the built page as a person would: node tests/run.mjs [PART OF A NAME]
import { readdir } from 'node:fs/promises';
import { launch, openPage, picture, place, servePage } from './harness.mjs';
import * as browsing from './browsing.mjs';
import * as firefox from './firefox.mjs';
import * as keeping from './keeping.mjs';
import * as looks from './looks.mjs';
import * as offline from './offline.mjs';
import * as taking from './taking.mjs';

const FLOOR = 31;
const wanted = process.argv[2];
const without = firefox.missing();
const parts = [taking, browsing, keeping, offline, looks, firefox].filter(
  (part) => part !== firefox || !without,
);
const cases = parts.flatMap((part) => part.cases);
const chosen = cases.filter(([name]) => wanted === undefined || name.includes(wanted));

const server = await servePage();
const browser = await launch();
let failed = 0;
try {
  for (const [name, run] of chosen) await tried(name, run);
} finally {
  await browser.close();
  await server.stop();
}
const pictures = (await readdir(place)).filter((file) => file.endsWith('.png')).length;
if (without) console.log(`skip Firefox: ${without}`);
console.log(`explore: ${chosen.length} cases, ${failed} failed; ${pictures} pictures in ${place}`);
console.log(`markerbed-npm-explore ${chosen.length - failed} passed`);
if (wanted === undefined && chosen.length < FLOOR) {
  console.log(`explore: fewer than ${FLOOR} cases`);
  failed += 1;
}
process.exitCode = failed > 0 ? 1 : 0;

async function tried(name, run) {
  const contexts = [];
  const newContext = async (options = {}) => {
    const context = await browser.newContext({
      viewport: { width: 1280, height: 860 },
      ...options,
    });
    contexts.push(context);
    return context;
  };
  const opened = [];
  const open = async (context, address = server.address, until = 'ready') => {
    const page = await openPage(context ?? (await newContext()), address, until);
    opened.push(page);
    return page;
  };
  const began = performance.now();
  try {
    await run({ newContext, open, address: server.address });
    for (const page of opened) {
      if (page.errors.length > 0) throw new Error(`the page logged: ${page.errors.join('; ')}`);
    }
    console.log(`ok   ${name} (${Math.round(performance.now() - began)} ms)`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL ${name}\n${error.stack}`);
    for (const [at, page] of opened.entries()) {
      await picture(page, `failed-${name.replace(/\W+/g, '-').slice(0, 60)}-${at}`).catch(() => {});
    }
  }
  for (const context of contexts) await context.close();
}
