// Small screens, large letters, forced colours: nothing is cut off, and everything can be reached.
import assert from 'node:assert/strict';
import { drop, fitsItsWidth, folder, isAccessible, picture, taken } from './harness.mjs';
import { NOTES } from './taking.mjs';

const LONG = { ...NOTES, [`${'long'.repeat(60)}.txt`]: 'long '.repeat(500) };

async function through(page, name) {
  await fitsItsWidth(page);
  await picture(page, `${name}-empty`, { fullPage: true });
  await drop(page, await folder('a folder with a rather long name that goes on and on', LONG));
  await taken(page, 'a folder');
  await page.locator('[role=treeitem]', { hasText: 'longlong' }).click();
  await page.locator('.preview pre').waitFor();
  await fitsItsWidth(page);
  await isAccessible(page, `${name}-files`);
  await page.getByRole('tab', { name: 'Size and change' }).click();
  await page.locator('.cell').first().waitFor();
  await page.getByText('The same as a table').click();
  await fitsItsWidth(page);
  await isAccessible(page, `${name}-map`);
}

export const cases = [
  ['at 320 px nothing is wider than the screen', async ({ open, newContext }) => {
    const options = { viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true };
    await through(await open(await newContext(options)), 'phone');
  }],
  ['at 200 % nothing is wider than the window', async ({ open, newContext }) => {
    // What a zoom of 200 % makes of a window of 1,280 px.
    const options = { viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 };
    await through(await open(await newContext(options)), 'zoomed');
  }],
  ['in forced colours and without motion it can be used', async ({ open, newContext }) => {
    const page = await open(await newContext({ forcedColors: 'active', reducedMotion: 'reduce' }));
    await drop(page, await folder('notes', NOTES));
    await taken(page, 'notes');
    await picture(page, 'forced-colours', { fullPage: true });
    const moves = await page.evaluate(
      () => document.getAnimations().filter(({ playState }) => playState === 'running').length,
    );
    assert.equal(moves, 0);

    await drop(page, await folder('notes', { ...NOTES, 'notes/plan.md': 'Water them twice.\n' }));
    await page.getByRole('tab', { name: 'Size and change' }).click();
    const changed = page.locator(':is(.cell, .inner)[data-change="changed"]').first();
    await changed.waitFor();

    const pattern = await changed.evaluate((cell) => getComputedStyle(cell).backgroundImage);
    assert.match(pattern, /gradient/);
    // axe reckons with colours that are not those shown.
    await picture(page, 'forced-colours-map', { fullPage: true });
  }],
  ['a snapshot is taken and a proof verified with keys alone', async ({ open }) => {
    const page = await open();
    // Listened to all the time: it takes a moment until the browser leaves the choice to a test.
    const choosers = [];
    page.on('filechooser', (chooser) => choosers.shift()(chooser));
    const chosen = async (paths) => {
      const waiting = new Promise((resolve) => choosers.push(resolve));
      await page.keyboard.press('Enter');
      await (await waiting).setFiles(paths);
    };
    const to = async (name) => {
      for (let step = 0; step < 40; step += 1) {
        await page.keyboard.press('Tab');
        const text = await page.evaluate(() => document.activeElement.textContent.trim());
        if (text === name) return;
      }
      throw new Error(`no ${name} within 40 steps`);
    };
    const top = await folder('any', { a: 'one', b: 'two' });

    await to('Skip to the snapshot');
    await to('Choose files');
    await chosen([`${top}/a`, `${top}/b`]);
    await taken(page, '2 items');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'snapshot-title');
    await page.locator('#tab-files').focus();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      (async () => {
        await to('Download proof');
        await page.keyboard.press('Enter');
      })(),
    ]);
    const proof = await folder('proofs', {});
    await download.saveAs(`${proof}/a.proof`);
    await page.locator('#pick-proof').focus();
    await chosen([`${proof}/a.proof`]);
    await page.locator('.verdict[data-verdict=verified]').waitFor();
    await picture(page, 'keys-proof');
  }],
];
