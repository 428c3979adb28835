// After the first load the page needs no network; an update is taken whole or not at all.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { DIST, drop, folder, picture, servePage, taken } from './harness.mjs';
import { NOTES, ROOT } from './taking.mjs';

/** The same page by another title, as another build would be; its digest may be a wrong one. */
async function another(isTrue) {
  const html = (await readFile(new URL('index.html', DIST), 'utf8')).replace(
    '<title>',
    '<title>new ',
  );
  const sha256 = (text) => createHash('sha256').update(text).digest('hex');
  const before = sha256(await readFile(new URL('index.html', DIST)));
  const sw = await readFile(new URL('sw.js', DIST), 'utf8');
  const digest = isTrue ? sha256(html) : sha256(`${html} `);
  assert.ok(sw.includes(before), 'the service worker knows the digest of the page');
  const build = /markerbed-explore-"\+"([0-9a-f]+)"|"markerbed-explore-([0-9a-f]{12})"/.exec(sw);
  const name = build?.[1] ?? build?.[2] ?? '';
  return { html, sw: sw.replace(before, digest).replaceAll(name || /$^/g, 'another') };
}

const update = (page) =>
  page.evaluate(async () => {
    const registration = await navigator.serviceWorker.getRegistration();
    await registration.update().catch(() => {});
  });

/** A server of the page whose build can be replaced by another one. */
async function serveBuilds() {
  const served = await servePage((name) =>
    name === 'index.html' ? server.build?.html : name === 'sw.js' ? server.build?.sw : undefined,
  );
  const server = { ...served, build: undefined };
  return server;
}

export const cases = [
  [
    'with the server stopped and no network the page loads and works',
    async ({ open, newContext }) => {
      const server = await servePage();
      const context = await newContext();
      const page = await open(context, server.address);
      await page.locator('#offline', { hasText: 'Works offline' }).waitFor();
      const requests = [];
      context.on('request', (request) => requests.push(request.url()));

      await context.setOffline(true);
      await server.stop();
      await page.reload();
      await page.waitForSelector('body[data-ready=true]');
      await drop(page, await folder('notes', NOTES));

      assert.equal(await taken(page, 'notes'), ROOT);
      assert.ok(
        requests.every((url) => url.startsWith(server.address) || url.startsWith('blob:')),
      );
      await picture(page, 'offline');
    },
  ],
  [
    'a new build is taken when the person says so, all at once',
    async ({ open, newContext }) => {
      const server = await serveBuilds();
      try {
        const page = await open(await newContext(), server.address);
        await page.locator('#offline', { hasText: 'Works offline' }).waitFor();
        server.build = await another(true);
        await page.reload();
        assert.equal(await page.title(), 'markerbed explore');
        await update(page);
        const button = page.getByRole('button', { name: 'Load the new version' });
        await button.waitFor();
        await picture(page, 'update');

        await button.click();

        await page.waitForFunction(() => document.title === 'new markerbed explore');
        await page.waitForSelector('body[data-ready=true]');
        const caches = await page.evaluate(() => window.caches.keys());
        assert.equal(caches.length, 1, caches.join());
      } finally {
        await server.stop();
      }
    },
  ],
  [
    'a build that is not as it was made is not taken',
    async ({ open, newContext }) => {
      const server = await serveBuilds();
      try {
        const page = await open(await newContext(), server.address);
        await page.locator('#offline', { hasText: 'Works offline' }).waitFor();
        server.build = await another(false);
        await update(page);
        await page.waitForTimeout(1_000);

        await page.reload();
        await page.waitForSelector('body[data-ready=true]');

        assert.equal(await page.title(), 'markerbed explore');
        assert.equal(await page.getByRole('button', { name: 'Load the new version' }).count(), 0);
        page.errors.length = 0;
      } finally {
        await server.stop();
      }
    },
  ],
];
