// Tries that no browser is left behind: `node left.mjs [how]`.
//
// With `how` it is the driver that ends so: it says the browser's process and then ends.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect } from './chromium.mjs';
import { removeAtExit } from './ended.mjs';

const HERE = fileURLToPath(import.meta.url);
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function driver(how) {
  const data = await mkdtemp(join(tmpdir(), 'markerbed-left-'));
  removeAtExit(data);
  const { child } = await connect(data);
  console.log(JSON.stringify({ pid: child.pid, data }));
  if (how === 'fails') throw new Error('as it shall');
  await wait(60_000);
}

/** Whether a process of the group runs; one that has ended may be listed until it is reaped. */
async function isThere(group) {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const stats = await Promise.all(
    ids.map((id) => readFile(`/proc/${id}/stat`, 'utf8').catch(() => '')),
  );
  return stats.some((stat) => {
    const [state, , found] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return Number(found) === group && state !== 'Z';
  });
}

/** Ends a driver in each way, and looks for its browser; answers how many were tried. */
export async function leftBehind() {
  const ways = ['fails', 'SIGTERM', 'SIGINT'];
  for (const how of ways) {
    const driver = spawn(process.execPath, [HERE, how], { stdio: ['ignore', 'pipe', 'ignore'] });
    const exited = new Promise((resolve) => driver.once('exit', resolve));
    const said = await new Promise((resolve) => driver.stdout.once('data', resolve));
    const { pid, data } = JSON.parse(said);
    if (how !== 'fails') driver.kill(how);
    assert.notEqual(await exited, 0);
    // They end a moment after they were told to.
    for (let tries = 0; tries < 100 && (await isThere(pid)); tries += 1) await wait(50);
    assert.ok(!(await isThere(pid)), `${how}: a browser is left behind`);
    assert.ok(!existsSync(data), `${how}: ${data} is left behind`);
  }
  return ways.length;
}

if (process.argv[1] === HERE) await driver(process.argv[2]);
