// What this process starts ends with it, also after a failure or a signal.
import { rmSync } from 'node:fs';
import { constants } from 'node:os';

const children = new Set();
const folders = new Set();

/** Ends `child`, the first of a group of its own, with this process, unless it has ended before. */
export function endAtExit(child) {
  children.add(child);
  child.once('exit', () => children.delete(child));
}

/** Removes `folder` with this process. */
export function removeAtExit(folder) {
  folders.add(folder);
}

/** Ends a child and all that it has started. */
export async function end(child) {
  const exited = new Promise((resolve) => child.once('exit', resolve));
  process.kill(-child.pid, 'SIGKILL');
  await exited;
}

process.on('exit', () => {
  for (const child of children) {
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has ended by itself just now.
    }
  }
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 20 });
});

for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM']) {
  process.once(signal, () => process.exit(128 + constants.signals[signal]));
}
