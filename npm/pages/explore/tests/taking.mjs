// A folder is dropped or picked, read, and becomes a snapshot.
import assert from 'node:assert/strict';
import { drop, folder, picture, shownRoot } from './harness.mjs';

/** What `markerbed snap --portable` says of `NOTES`. */
export const ROOT = '7332dd76784ed6b7390e8723b9801a65fe89022e01233563a25fb9828859b33b';
export const NOTES = {
  'notes/plan.md': 'Water the plants.\n',
  'notes/ideas/garden.md': 'A bed of marker stones.\n',
  empty: '',
};

export const cases = [
  ['a folder that is dropped has the root of the command line', async ({ open }) => {
    const page = await open();
    await picture(page, 'empty');

    await drop(page, await folder('notes', NOTES));

    assert.equal(await shownRoot(page), ROOT);
    assert.equal(await page.locator('#snapshot-title').innerText(), 'notes');
    const rows = await page.locator('[role=treeitem]').allInnerTexts();
    assert.deepEqual(rows.map((row) => row.split('\n')[0]), ['empty', 'notes']);
    await picture(page, 'snapshot');
  }],
];
