// What every case needs: the page on a server of its own, a browser, folders to drop, pictures.
import assert from 'node:assert/strict';
import { readFile, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { serve } from '../serve.mjs';

export { launch } from '../../../../host-web/tests/browser/chromium.mjs';

export const DIST = new URL('../dist/', import.meta.url);

/** Where pictures and folders of this run lie; the pictures stay for a reader. */
export const place = await mkdtemp(join(tmpdir(), 'markerbed-explore-'));

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

/** Opens the page until it is `ready` or told a `failure`; an error that it logs fails the case. */
export async function openPage(context, address, until = 'ready') {
  const page = await context.newPage();
  page.errors = [];
  page.on('pageerror', (error) => page.errors.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') page.errors.push(message.text());
  });
  await page.goto(address);
  await page.waitForSelector(SHOWN[until]);
  return page;
}

/** What is there when a page is as far as a case waits for. */
const SHOWN = {
  ready: 'body[data-ready=true]',
  failure: '#failure:not([hidden])',
  old: '#too-old:not([hidden])',
};

/** The root that the page shows. */
export async function shownRoot(page) {
  await page.waitForSelector('#snapshot:not([hidden])');
  return (await page.locator('#root').innerText()).replace(/\s/g, '');
}

/** Waits until a snapshot of this name is shown, and answers its root. */
export async function taken(page, label) {
  const title = page.locator('#snapshot-title', { hasText: label });
  await title.waitFor();
  return shownRoot(page);
}

/** Serves the page with code before the worker's own: it makes the worker's world worse. */
export function servePageWith(code) {
  return servePage(async (name) => {
    if (!/^worker-/.test(name)) return undefined;
    return `${code};\n${await readFile(new URL(name, DIST), 'utf8')}`;
  });
}

/** Fails on anything that axe finds, in both colour schemes, and keeps a picture of each. */
export async function isAccessible(page, name) {
  await page.evaluate(await axe);
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    const { violations, passes } = await page.evaluate(() => window.axe.run());
    await picture(page, `${name}-${colorScheme}`, { fullPage: true });
    const told = violations.map(({ id, help, nodes }) => {
      const where = nodes.map(({ html, failureSummary }) => `${html}\n${failureSummary}`);
      return `${id}: ${help}\n${where.join('\n')}`;
    });
    assert.deepEqual(told, [], `${name} in ${colorScheme}`);
    assert.ok(passes.length > 10, 'axe looked at something');
  }
  await page.emulateMedia({ colorScheme: null });
}

/** Nothing is wider than the window. */
export async function fitsItsWidth(page) {
  const [wide, window_] = await page.evaluate(() => [
    document.documentElement.scrollWidth,
    window.innerWidth,
  ]);
  assert.ok(wide <= window_, `${wide} px in a window of ${window_}`);
}

const axe = readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
