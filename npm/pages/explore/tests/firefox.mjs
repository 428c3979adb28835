// The same page in Firefox, which has other ways to give a folder, a worker and storage.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { launch, missing } from '../../../../host-web/tests/browser/firefox.mjs';
import { place, servePage } from './harness.mjs';
import { NOTES, ROOT } from './taking.mjs';

export { missing };

/** Drops files that the page makes itself: Firefox gives them by entries or as files. */
function dropMade(files) {
  const data = new DataTransfer();
  for (const [name, text] of Object.entries(files)) data.items.add(new File([text], name));
  const options = { bubbles: true, cancelable: true, dataTransfer: data };
  for (const type of ['dragover', 'drop']) {
    document.querySelector('#drop').dispatchEvent(new DragEvent(type, options));
  }
}

const root = (page) =>
  page
    .waitForSelector('#snapshot:not([hidden])')
    .then(() => page.$eval('#root', (it) => it.textContent.replace(/\s/g, '')));

export const cases = [
  ['Firefox takes, keeps, shows and works offline as Chromium does', async () => {
    const server = await servePage();
    const browser = await launch();
    try {
      const page = await browser.newPage();
      const errors = [];
      page.on('pageerror', (error) => errors.push(String(error)));
      await page.setViewport({ width: 1280, height: 860 });
      await page.goto(server.address);
      await page.waitForSelector('body[data-ready=true]');

      await page.evaluate(dropMade, { a: 'one', b: 'two' });
      const made = await root(page);
      const names = () => page.$$eval('.row .name', (all) => all.map((it) => it.textContent));
      await page.waitForFunction(() => document.querySelectorAll('.row').length === 2);
      assert.deepEqual(await names(), ['a', 'b']);
      await page.reload();
      await page.waitForSelector('body[data-ready=true]');
      assert.equal(await root(page), made);

      // A folder that was picked is a list of files that know their paths.
      await page.evaluate((files) => {
        const given = Object.entries(files).map(([path, text]) => {
          const file = new File([text], path.split('/').at(-1));
          Object.defineProperty(file, 'webkitRelativePath', { value: `notes/${path}` });
          return file;
        });
        const input = document.querySelector('#folder-input');
        Object.defineProperty(input, 'files', { value: given, configurable: true });
        input.dispatchEvent(new Event('change'));
        delete input.files;
      }, NOTES);
      await page.waitForFunction(() => document.querySelectorAll('#kept-list li').length === 2);
      assert.equal(await root(page), ROOT);
      await page.select(
        '#against',
        await page.$eval('#against option:nth-child(2)', (it) => it.value),
      );
      await page.waitForFunction(() =>
        /added/.test(document.querySelector('#against-note').textContent),
      );
      await page.click('#tab-map');
      await page.waitForSelector('.cell');
      await page.screenshot({ path: join(place, 'firefox-map.png') });
      await page.click('#tab-files');
      await page.focus('#tree');
      await page.keyboard.press('End');
      await page.keyboard.press('Enter');
      await page.waitForSelector('#details h3');
      await page.screenshot({ path: join(place, 'firefox.png') });

      await page.waitForFunction(
        () => document.querySelector('#offline').textContent === 'Works offline',
      );
      await server.stop();
      await page.reload();
      await page.waitForSelector('body[data-ready=true]');
      assert.equal(await root(page), ROOT);
      assert.deepEqual(errors, []);
    } finally {
      await browser.close();
      await server.stop();
    }
  }],
];
