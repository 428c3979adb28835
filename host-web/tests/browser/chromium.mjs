// A Chromium without a window, and a server of files on this machine alone.
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname, join, normalize } from 'node:path';
import { chromium } from 'playwright-core';
import { endAtExit } from './ended.mjs';

export const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.wasm': 'application/wasm' };

export const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** A browser whose data is gone with it. */
export function launch() {
  return chromium.launch({ executablePath, args: FLAGS });
}

/** A browser that keeps its data in `folder`. */
export function launchKeeping(folder) {
  return chromium.launchPersistentContext(folder, { executablePath, args: FLAGS });
}

/** As `launchKeeping`, and the process, which is the first of a group of its own. */
export async function connect(folder) {
  const flags = [...FLAGS, `--user-data-dir=${folder}`, '--remote-debugging-port=0', 'about:blank'];
  const stdio = ['ignore', 'ignore', 'pipe'];
  const child = spawn(executablePath, flags, { stdio, detached: true });
  endAtExit(child);
  const address = await new Promise((resolve, reject) => {
    let said = '';
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`Chromium ended: ${said}`)));
    child.stderr.on('data', (text) => {
      said += text;
      const found = said.match(/DevTools listening on (ws:\S+)/);
      if (found) resolve(found[1]);
    });
  });
  return { child, browser: await chromium.connectOverCDP(address) };
}

/**
 * Serves `folder`, and `pages` (path to text) beside it; `/clear` makes a browser remove what it
 * keeps of this origin. Resolves to the address and a stop.
 */
export async function serve(folder, pages) {
  const server = createServer(async (request, response) => {
    const path = new URL(request.url, 'http://localhost').pathname;
    if (path === '/clear') {
      response.writeHead(200, { 'clear-site-data': '"storage"' });
      response.end();
      return;
    }
    try {
      const body = pages[path] ?? (await readFile(join(folder, normalize(path))));
      const type = TYPES[extname(path)] ?? (pages[path] ? 'text/html' : undefined);
      response.writeHead(200, { 'content-type': type ?? 'application/octet-stream' });
      response.end(body);
    } catch {
      response.writeHead(404);
      response.end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${server.address().port}`;
  return { address, stop: () => server.close() };
}
