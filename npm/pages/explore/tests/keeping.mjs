// What is kept stays across reloads and is the same in every tab, until it is removed.
import assert from 'node:assert/strict';
import { drop, folder, isAccessible, picture, shownRoot, taken } from './harness.mjs';
import { NOTES, ROOT } from './taking.mjs';

const LATER = {
  'notes/plan.md': 'Water the plants.\nPick the beans.\n',
  'notes/ideas/stones.md': 'A bed of marker stones.\n',
  'notes/new/one.txt': 'one',
  'notes/new/two.txt': 'two',
};

const kept = (page) => page.locator('#kept-list li').count();
const keeps = (page, count) =>
  page.waitForFunction(
    (wanted) => document.querySelectorAll('#kept-list li').length === wanted,
    count,
  );

export const cases = [
  [
    'snapshots are there after a reload, and the same folder is not recorded twice',
    async ({ open }) => {
      const page = await open();
      const top = await folder('notes', NOTES);
      await drop(page, top);
      await taken(page, 'notes');

      await page.reload();
      await keeps(page, 1);
      assert.equal(await shownRoot(page), ROOT);
      await page.getByText('Kept in this browser').waitFor();
      await drop(page, top);
      await page.getByText('Nothing has changed').first().waitFor({ state: 'attached' });

      assert.equal(await kept(page), 1);
      await drop(page, await folder('notes', LATER));
      await keeps(page, 2);
      await page.reload();
      await keeps(page, 2);
      await isAccessible(page, 'kept');
    },
  ],
  [
    'two snapshots are compared: as a list, in the tree and as a picture',
    async ({ open }) => {
      const page = await open();
      await drop(page, await folder('notes', NOTES));
      await taken(page, 'notes');
      await drop(page, await folder('notes', LATER));
      await keeps(page, 2);

      await page.locator('#against').selectOption({ index: 1 });

      await page
        .locator('#against-note', { hasText: '3 added, 1 removed, 1 changed, 1 moved' })
        .waitFor();
      await page.getByRole('tab', { name: 'Changes' }).click();
      const rows = await page.locator('.change-list li').allInnerTexts();
      assert.ok(
        rows.some((row) => /moved\s+notes\/ideas\/garden.md → notes\/ideas\/stones.md/.test(row)),
        rows.join('; '),
      );
      await isAccessible(page, 'changes');
      await page.getByRole('button', { name: '3 added' }).click();
      assert.equal(await page.locator('.change-list li').count(), rows.length - 3);
      await page.getByLabel('Paths with').fill('PLAN');
      assert.equal(await page.locator('.change-list li').count(), 1);
      await page.locator('.change-list').getByRole('button', { name: 'plan.md' }).click();
      await page.locator('#details h3', { hasText: 'plan.md' }).waitFor();
      await page.locator('.row[data-change=changed]', { hasText: 'plan.md' }).waitFor();
      await isAccessible(page, 'changed-file');

      await page.getByRole('tab', { name: 'Size and change' }).click();
      await page.locator('.cell').first().waitFor();
      await page.getByText('The same as a table').click();
      await isAccessible(page, 'map');
      await page.getByRole('tab', { name: 'Size and change' }).focus();
      await page.keyboard.press('Tab');
      await page.keyboard.press('Enter');
      await page.locator('#map-path', { hasText: 'notes' }).locator('[aria-current]').waitFor();
      const inside = await page
        .locator('.cell')
        .evaluateAll((all) => all.map((cell) => cell.title));
      assert.ok(
        inside.some((title) => /^new, 6 bytes, directory, 2 files, added/.test(title)),
        inside.join('; '),
      );
      await page.keyboard.press('Home');
      const first = await page.evaluate(() => document.activeElement.title);
      await page.keyboard.press('ArrowRight');
      assert.notEqual(await page.evaluate(() => document.activeElement.title), first);
      await page.keyboard.press('Backspace');
      await page.waitForFunction(() => document.querySelectorAll('#map-path li').length === 1);
      assert.ok(await page.evaluate(() => document.activeElement.classList.contains('cell')));
    },
  ],
  [
    'a long list of changes is told a part at a time',
    async ({ open }) => {
      const page = await open();
      const many = (letter) =>
        Object.fromEntries(
          Array.from({ length: 450 }, (_, at) => [`${letter}${at}`, `${letter}${at}`]),
        );
      await drop(page, await folder('many', { ...NOTES }));
      await taken(page, 'many');
      await drop(page, await folder('many', { ...NOTES, ...many('a') }));
      await keeps(page, 2);
      await page.locator('#against').selectOption({ index: 1 });
      await page.getByRole('tab', { name: 'Changes' }).click();
      await page.getByRole('button', { name: 'Show 200 more' }).waitFor();
      assert.equal(await page.locator('.change-list li').count(), 200);

      await page.getByRole('button', { name: 'Show 200 more' }).click();
      await page.getByRole('button', { name: 'Show 50 more' }).click();

      assert.equal(await page.locator('.change-list li').count(), 450);
      assert.ok(
        await page.evaluate(() => document.activeElement.closest('.change-list') !== null),
      );
      await page.getByRole('tab', { name: 'Size and change' }).click();
      await page.locator('.cell[data-kind=others]').waitFor();
      await picture(page, 'many-changes');
    },
  ],
  [
    'two tabs have the same list, and what one removes is gone in both',
    async ({ open, newContext }) => {
      const context = await newContext();
      const one = await open(context);
      const two = await open(context);
      await drop(one, await folder('notes', NOTES));
      await taken(one, 'notes');
      await keeps(two, 1);
      await drop(two, await folder('notes', LATER));
      await keeps(one, 2);

      await two.getByRole('button', { name: 'Remove everything kept' }).click();
      await two.getByRole('button', { name: 'Keep them' }).click();
      assert.equal(await kept(two), 2);
      await two.getByRole('button', { name: 'Remove everything kept' }).click();
      await isAccessible(two, 'confirm');
      await two.getByRole('button', { name: 'Remove everything', exact: true }).click();

      await keeps(two, 0);
      await keeps(one, 0);
      await one.locator('#take-title').waitFor();
      await drop(one, await folder('notes', NOTES));
      assert.equal(await taken(one, 'notes'), ROOT);
      await keeps(two, 1);
      assert.equal(await shownRoot(two), ROOT);
      await one.reload();
      await keeps(one, 1);
    },
  ],
  [
    'when the room is used up the page says so, and what was kept stays',
    async ({ open, address }) => {
      const page = await open();
      const session = await page.context().newCDPSession(page);
      const origin = new URL(address).origin;
      // Before the first write: Chromium remembers for half a minute how much room there was.
      await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 8_000_000 });
      await drop(page, await folder('notes', NOTES));
      await taken(page, 'notes');
      const noise = Buffer.alloc(12_000_000).map(() => Math.random() * 256);

      await drop(page, await folder('big', { noise }));

      await page.getByRole('heading', { name: 'no room left' }).waitFor();
      await isAccessible(page, 'no-room');
      assert.equal(await kept(page), 1);
      await session.send('Storage.overrideQuotaForOrigin', { origin });
      await page.getByRole('button', { name: 'Try again' }).click();
      await taken(page, 'big');
      await keeps(page, 2);
      page.errors.length = 0;
    },
  ],
  [
    'where the browser keeps nothing, a snapshot lasts as long as its tab',
    async ({ open, newContext }) => {
      const { servePageWith } = await import('./harness.mjs');
      const refuse = `IDBFactory.prototype.open = () => {
      throw new DOMException('storage is refused', 'SecurityError');
    }`;
      const server = await servePageWith(refuse);
      try {
        const page = await open(await newContext(), server.address);
        await drop(page, await folder('notes', NOTES));
        assert.equal(await taken(page, 'notes'), ROOT);
        await page.getByText('Kept until this tab is closed').waitFor();
        await isAccessible(page, 'not-kept');
        page.errors.length = 0;
      } finally {
        await server.stop();
      }
    },
  ],
];
