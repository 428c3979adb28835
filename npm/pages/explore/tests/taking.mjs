// A folder is dropped or picked, read, and becomes a snapshot; or the page says why it does not.
import assert from 'node:assert/strict';
import { appendFile, mkdir, symlink, writeFile, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import {
  drop,
  folder,
  isAccessible,
  picture,
  servePage,
  servePageWith,
  shownRoot,
  taken,
} from './harness.mjs';

/** What `markerbed snap --portable` says of `NOTES`. */
export const ROOT = '7332dd76784ed6b7390e8723b9801a65fe89022e01233563a25fb9828859b33b';
export const NOTES = {
  'notes/plan.md': 'Water the plants.\n',
  'notes/ideas/garden.md': 'A bed of marker stones.\n',
  empty: '',
};
/**
 * A context without handles, as in Firefox, in which each file of a dropped folder takes a moment,
 * and one may not be read.
 */
async function worse(newContext, ms, locked) {
  const context = await newContext();
  await context.addInitScript(
    ([ms, locked]) => {
      delete DataTransferItem.prototype.getAsFileSystemHandle;
      const change = (entry) => {
        if (!entry.isFile) return;
        const file = entry.file.bind(entry);
        const refuse = (reject) => reject(new DOMException('it is locked', 'NotReadableError'));
        entry.file = (resolve, reject) =>
          setTimeout(() => (entry.name === locked ? refuse(reject) : file(resolve, reject)), ms);
      };
      const asEntry = DataTransferItem.prototype.webkitGetAsEntry;
      DataTransferItem.prototype.webkitGetAsEntry = function () {
        const entry = asEntry.call(this);
        const reader = entry.isDirectory ? Object.getPrototypeOf(entry.createReader()) : {};
        const read = reader.readEntries;
        reader.readEntries = function (resolve, reject) {
          const told = (entries) => {
            entries.forEach(change);
            resolve(entries);
          };
          read.call(this, told, reject);
        };
        return entry;
      };
    },
    [ms, locked],
  );
  return context;
}

/** In the worker the system refuses one file. */
const LOCKED = `
  const read = FileSystemFileHandle.prototype.getFile;
  FileSystemFileHandle.prototype.getFile = async function () {
    if (this.name === 'locked') throw new DOMException('it is locked', 'NotReadableError');
    return read.call(this);
  }`;

/** Names that one way or another into a browser leaves out. */
const ODD = Object.fromEntries(
  [
    'a:b',
    'con.txt',
    'dot.',
    'a?b',
    '<b>',
    'family 👩‍👩‍👧',
    'new\nline',
    ' ',
    '..hidden',
    'C:\\w',
    '__proto__',
  ].map((name) => [name, name]),
);
/** What `markerbed snap --portable` says of `ODD`, two empty directories and a symlink. */
const ODD_ROOT = '3e47cc934a88f53b39bbe570de8533ba34c1095e7ad994d68fd721551bf0e64a';

export const many = (count) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, at) => [`part${at % 7}/file${at}`, `${at}`]),
  );

export const cases = [
  [
    'a folder that is dropped has the root of the command line',
    async ({ open }) => {
      const page = await open();
      await isAccessible(page, 'empty');

      await drop(page, await folder('notes', NOTES));

      assert.equal(await taken(page, 'notes'), ROOT);
      const rows = await page.locator('[role=treeitem]').allInnerTexts();
      assert.deepEqual(
        rows.map((row) => row.split('\n')[0]),
        ['empty', 'notes'],
      );
      assert.equal(await page.evaluate(() => document.activeElement.id), 'snapshot-title');
      await isAccessible(page, 'snapshot');
    },
  ],
  [
    'a folder that is picked as a list of files has the same root',
    async ({ open }) => {
      const page = await open();

      await page.locator('#folder-input').setInputFiles(await folder('notes', NOTES));

      assert.equal(await taken(page, 'notes'), ROOT);
    },
  ],
  [
    'several things that are dropped together are one tree',
    async ({ open }) => {
      const page = await open();
      const top = await folder('any', NOTES);

      await drop(page, [`${top}/notes`, `${top}/empty`]);

      assert.equal(await taken(page, '2 items'), ROOT);
    },
  ],
  [
    'files that are picked are a tree without directories',
    async ({ open }) => {
      const page = await open();
      const top = await folder('any', { a: 'one', b: 'two' });

      await page.locator('#files-input').setInputFiles([`${top}/a`, `${top}/b`]);

      await taken(page, '2 items');
      assert.deepEqual((await page.locator('[role=treeitem]').allInnerTexts()).length, 2);
    },
  ],
  [
    'empty folders and names of all kinds are taken as the command line takes them',
    async ({ open }) => {
      const page = await open();
      const top = await folder('odd', ODD);
      await mkdir(join(top, 'nothing', 'below'), { recursive: true });
      await symlink('a:b', join(top, 'link'));

      await drop(page, top);

      assert.equal(await taken(page, 'odd'), ODD_ROOT);
    },
  ],
  [
    'a run that is cancelled half-way records nothing, and the next one works',
    async ({ open, newContext }) => {
      const page = await open(await worse(newContext, 400));
      const top = await folder('long', many(3_000));
      await drop(page, top);
      await page.waitForFunction(
        () => Number(document.querySelector('#progress-files').textContent) > 5,
      );
      await isAccessible(page, 'progress');

      await page.getByRole('button', { name: 'Cancel' }).click();

      await page.getByRole('heading', { name: 'Cancelled' }).waitFor();
      await picture(page, 'cancelled');
      assert.equal(await page.locator('#kept-list li').count(), 0);
      await page.getByRole('button', { name: 'Dismiss' }).click();
      await drop(page, await folder('notes', NOTES));
      assert.equal(await taken(page, 'notes'), ROOT);
    },
  ],
  [
    'a file that cannot be read is named, and left out only if the person says so',
    async ({ open, newContext }) => {
      const page = await open(await worse(newContext, 0, 'locked'));
      await drop(page, await folder('notes', { ...NOTES, 'notes/locked': 'nobody reads me' }));
      await page.getByRole('heading', { name: 'cannot be read' }).waitFor();
      assert.match(await page.locator('#failure-detail').innerText(), /"notes\/locked"/);
      assert.equal(await page.locator('#kept-list li').count(), 0);
      await isAccessible(page, 'unreadable');

      await page.getByRole('button', { name: 'Go on without' }).click();

      assert.equal(await taken(page, 'notes'), ROOT);
      await page.getByText('1 path could not be read and was left out').click();
      await page.locator('#gaps').getByText('notes/locked').waitFor();
      await isAccessible(page, 'left-out');
      await page.reload();
      await page.getByText('1 path could not be read and was left out').waitFor();
    },
  ],
  [
    'what the worker cannot read of a folder is left out only if the person says so, too',
    async ({ open, newContext }) => {
      const server = await servePageWith(LOCKED);
      try {
        const page = await open(await newContext(), server.address);
        await drop(page, await folder('notes', { ...NOTES, 'notes/locked': 'nobody reads me' }));
        await page.getByRole('heading', { name: 'cannot be read' }).waitFor();
        assert.match(await page.locator('#failure-detail').innerText(), /"notes\/locked"/);

        await page.getByRole('button', { name: 'Go on without' }).click();

        assert.equal(await taken(page, 'notes'), ROOT);
        await page.getByText('1 path could not be read and was left out').click();
        await page.locator('#gaps').getByText('notes/locked').waitFor();
        // A worker that is not as it was built is not kept for when there is no network.
        page.errors.length = 0;
      } finally {
        await server.stop();
      }
    },
  ],
  [
    'a file that changes while it is read is told, and trying again works',
    async ({ open, newContext }) => {
      const context = await newContext();
      const top = await folder('notes', NOTES);
      // A browser that tells times by seconds sees that it is another file, too.
      const before = new Date(Date.now() - 60_000);
      await utimes(join(top, 'notes/plan.md'), before, before);
      await context.exposeFunction('grow', () => appendFile(join(top, 'notes/plan.md'), 'more'));
      // After the page has opened it, and before it is read.
      await context.addInitScript(() => {
        delete DataTransferItem.prototype.getAsFileSystemHandle;
        const post = MessagePort.prototype.postMessage;
        let sent = Promise.resolve();
        MessagePort.prototype.postMessage = function (message, ...rest) {
          if (message?.files === undefined) return post.call(this, message, ...rest);
          const isIt = message.files.some(({ path }) => path === 'notes/plan.md');
          // What comes behind it stays behind it.
          sent = sent.then(() => (isIt ? window.grow() : undefined));
          void sent.then(() => post.call(this, message, ...rest));
        };
      });
      const page = await open(context);

      await drop(page, top);

      await page.getByRole('heading', { name: 'cannot be read' }).waitFor();
      assert.match(await page.locator('#failure-detail').innerText(), /notes\/plan.md/);
      await picture(page, 'changed-file-unreadable');
      await writeFile(join(top, 'notes/plan.md'), NOTES['notes/plan.md']);
      await page.evaluate(() => (window.grow = async () => undefined));
      await page.getByRole('button', { name: 'Try again' }).click();
      assert.equal(await taken(page, 'notes'), ROOT);
    },
  ],
  [
    'ten thousand files are read and can be walked through by keys',
    async ({ open }) => {
      const page = await open();
      const files = Array.from({ length: 10_000 }, (_, at) => [
        `all/${String(at).padStart(5, '0')}`,
        `${at}`,
      ]);
      await drop(page, await folder('large', Object.fromEntries(files)));
      await page.locator('#snapshot-title', { hasText: 'large' }).waitFor({ timeout: 120_000 });
      await page.locator('[role=treeitem]', { hasText: 'all' }).click();
      await page.locator('[aria-setsize="10000"]').first().waitFor();

      await page.locator('#tree').focus();
      await page.keyboard.press('End');

      const active = () =>
        page.evaluate(() => {
          const id = document.querySelector('#tree').getAttribute('aria-activedescendant');
          return document.getElementById(id).querySelector('.name').textContent;
        });
      assert.equal(await active(), '09999');
      assert.ok((await page.locator('[role=treeitem]').count()) < 100, 'few rows are drawn');
      await page.keyboard.type('07');
      assert.equal(await active(), '07000');
      await picture(page, 'ten-thousand');
    },
  ],
  [
    'without WebAssembly the page says so',
    async ({ open, newContext }) => {
      const server = await servePageWith('delete globalThis.WebAssembly');
      try {
        const page = await open(await newContext(), server.address, 'failure');
        await page.getByRole('heading', { name: 'lacks something' }).waitFor();
        await page.getByText('no WebAssembly').first().waitFor();
        await isAccessible(page, 'no-webassembly');
        page.errors.length = 0;
      } finally {
        await server.stop();
      }
    },
  ],
  [
    'where the script cannot be read or loaded, the page says so',
    async ({ open, newContext }) => {
      for (const script of ['class { #new', undefined]) {
        const server = await servePage((name, response) => {
          if (!name.startsWith('main-')) return undefined;
          return script ?? response.writeHead(404).end();
        });
        try {
          const page = await open(await newContext(), server.address, 'old');
          await isAccessible(page, `too-old-${script === undefined}`);
          page.errors.length = 0;
        } finally {
          await server.stop();
        }
      }
    },
  ],
  [
    'a wasm file that is another one is told, and a reload mends it',
    async ({ open, newContext }) => {
      let isBroken = true;
      const broken = (name) =>
        isBroken && name.endsWith('.wasm') ? '<!doctype html>' : undefined;
      const server = await servePage(broken);
      try {
        const page = await open(await newContext(), server.address, 'failure');
        await page.locator('#failure-title').waitFor();
        assert.match(await page.locator('#failure-text').innerText(), /Reload the page/);
        await picture(page, 'no-engine');
        isBroken = false;
        await page.getByRole('button', { name: 'Reload the page' }).click();
        await page.waitForSelector('body[data-ready=true]');
        await drop(page, await folder('notes', NOTES));
        assert.equal(await shownRoot(page), ROOT);
        page.errors.length = 0;
      } finally {
        await server.stop();
      }
    },
  ],
];
