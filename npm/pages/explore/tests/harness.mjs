// What every case needs: the page on a server of its own, a browser, folders to drop, pictures.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { chromium } from 'playwright-core';
import { serve } from '../serve.mjs';

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const DIST = new URL('../dist/', import.meta.url);

/** Where pictures and folders of this run lie; the pictures stay for a reader. */
export const place = await mkdtemp(join(tmpdir(), 'markerbed-explore-'));

/** A Chromium whose data is gone with it. */
export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: FLAGS,
  });
}

/** The page served on a port of its own. */
export const servePage = (answer) => serve(DIST, 0, answer);

/** Writes files (path to text or bytes) into a folder of its own by this name. */
export async function folder(name, files) {
  const within = await mkdtemp(join(place, 'folder-'));
  const top = join(within, name);
  await mkdir(top);
  for (const [path, bytes] of Object.entries(files)) {
    const at = join(top, path);
    await mkdir(dirname(at), { recursive: true });
    await writeFile(at, bytes);
  }
  return top;
}

/** Drops files or folders of the disk on an element, as the system's file manager does. */
export async function drop(page, paths, selector = '#drop') {
  const box = await page.locator(selector).boundingBox();
  const at = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  const data = { items: [], files: [paths].flat(), dragOperationsMask: 1 };
  const session = await page.context().newCDPSession(page);
  for (const type of ['dragEnter', 'dragOver', 'drop']) {
    await session.send('Input.dispatchDragEvent', { type, ...at, data });
  }
  await session.detach();
}

/** Keeps a picture of a state for a reader. */
export async function picture(page, name, options = {}) {
  await page.screenshot({ path: join(place, `${name}.png`), ...options });
}

/** Opens the page and waits for its engine; what it logs as an error fails the case. */
export async function openPage(context, address) {
  const page = await context.newPage();
  page.errors = [];
  page.on('pageerror', (error) => page.errors.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') page.errors.push(message.text());
  });
  await page.goto(address);
  await page.waitForSelector('body[data-ready=true]');
  return page;
}

/** The root that the page shows. */
export async function shownRoot(page) {
  await page.waitForSelector('#snapshot:not([hidden])');
  return (await page.locator('#root').innerText()).replace(/\s/g, '');
}

export const removePlace = (path) => rm(path, { recursive: true, force: true });
