// The suites in a page, served on loopback.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = path.dirname(fileURLToPath(import.meta.url));

const TYPES = {
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};

const PAGE = `<!doctype html><meta charset="utf-8"><title>suites</title>
<script type="module">
  import init, * as suites from './markerbed_cross_target.js';
  import { ask } from './suites.mjs';
  await init({ module_or_path: './markerbed_cross_target_bg.wasm' });
  globalThis.ask = (question) => ask(suites, question);
</script>`;

/** Serves the page, the module and its glue; nothing else. */
async function serve(folder) {
  const files = new Map([
    ['/', async () => PAGE],
    ['/suites.mjs', () => readFile(path.join(HERE, 'suites.mjs'))],
    ['/markerbed_cross_target.js', () => readFile(path.join(folder, 'markerbed_cross_target.js'))],
    [
      '/markerbed_cross_target_bg.wasm',
      () => readFile(path.join(folder, 'markerbed_cross_target_bg.wasm')),
    ],
  ]);
  const server = createServer(async (request, response) => {
    const file = files.get(request.url);
    if (!file) {
      response.writeHead(404).end();
      return;
    }
    const type = TYPES[path.extname(request.url)] ?? 'text/html';
    response.writeHead(200, { 'content-type': type }).end(await file());
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  return server;
}

async function start(folder, name, launch) {
  const server = await serve(folder);
  const browser = await launch();
  const page = await browser.newPage();
  const version = typeof browser.version === 'function' ? await browser.version() : '';
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  await page.waitForFunction(() => typeof globalThis.ask === 'function');
  return {
    version: `${name} ${version.replace(/^.*\//, '')}`,
    ask: (question) => page.evaluate((question) => globalThis.ask(question), question),
    close: async () => {
      await browser.close();
      server.close();
    },
  };
}

export async function startChromium(folder) {
  const { chromium } = await import('playwright-core');
  return start(folder, 'Chromium', () =>
    chromium.launch({
      executablePath: '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    }),
  );
}

export async function startFirefox(folder) {
  const { default: puppeteer } = await import('puppeteer-core');
  return start(folder, 'Firefox', () =>
    puppeteer.launch({
      browser: 'firefox',
      executablePath: '/usr/bin/firefox-esr',
      headless: true,
    }),
  );
}
