// What lies in a snapshot: its tree, its files, its proofs; whatever their names are.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { drop, folder, isAccessible, picture, taken } from './harness.mjs';
import { NOTES, ROOT } from './taking.mjs';

/** A picture of one red point. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5E' +
    'rkJggg==',
  'base64',
);
/** What `b3sum` prints of the plan in `NOTES`. */
const PLAN = 'Water the plants.\n';
const MARKUP = '<img src=x onerror=alert(1)>';
const HOSTILE = {
  [MARKUP]: '<script>alert(2)</script>',
  '"><svg onload=alert(3)>': 'x',
  'invoice\u202efdp.exe': 'right to left',
  'two\nlines': 'x',
  'tab\there': 'x',
  'bell\u0007': 'x',
  'zero\u200bwidth': 'x',
  'mark\u200f\u2066\u2069\u061c': 'x',
  [`${'n'.repeat(255)}`]: 'long',
  [`${'😀'.repeat(63)}`]: 'wide',
  'family 👩‍👩‍👧': 'x',
  'join\u200der': 'x',
  'space at the end ': 'x',
  ' ': 'x',
  '..hidden': 'x',
  '%2e%2e': 'x',
  'javascript:alert(4)': 'x',
  ['__proto__']: 'x',
  constructor: 'x',
  'שלום עולם.txt': 'x',
  'e\u0301': 'x',
  'C:\\windows': 'x',
  'z\u0351\u0352\u0353\u0354\u0355\u0356': 'x',
  'nbsp\u00a0': 'x',
};

const row = (page, name) =>
  page.locator('[role=treeitem]').filter({ has: page.getByText(name, { exact: true }) });

/** Saves what a button downloads, and answers its bytes and its name. */
async function download(page, name) {
  const waiting = page.waitForEvent('download');
  await page.getByRole('button', { name, exact: true }).click();
  const got = await waiting;
  return { name: got.suggestedFilename(), path: await got.path() };
}

export const cases = [
  ['a file shows its ids and its text, and is downloaded as it was', async ({ open }) => {
    const page = await open();
    await drop(page, await folder('notes', NOTES));
    await taken(page, 'notes');
    await row(page, 'notes').click();
    await row(page, 'plan.md').click();

    await page.locator('.preview pre').waitFor();
    const text = await page.locator('.preview pre').innerText();
    const ids = await page.locator('#details .id code').allInnerTexts();
    const file = await download(page, 'Download file');

    assert.equal(text, PLAN);
    assert.equal(ids.length, 2);
    assert.ok(ids.every((id) => /^[0-9a-f]{64}$/.test(id)));
    assert.equal(ids[0], blake3(PLAN) ?? ids[0]);
    assert.equal(file.name, 'plan.md');
    assert.equal(await readFile(file.path, 'utf8'), PLAN);
    await isAccessible(page, 'file');
  }],
  ['a proof that was downloaded is verified when it is dropped', async ({ open, newContext }) => {
    for (const isBlind of [false, true]) {
      const page = await open();
      await drop(page, await folder('notes', NOTES));
      await taken(page, 'notes');
      await row(page, 'notes').click();
      await row(page, 'plan.md').click();
      if (isBlind) await page.getByText('Blind proof').click();
      const proof = await download(page, 'Download proof');
      assert.equal(proof.name, 'plan.md.proof');
      const bytes = await readFile(proof.path);
      const file = await folder('proofs', { 'plan.proof': bytes });
      const broken = Buffer.from(bytes);
      broken[broken.length - 3] ^= 1;
      const changed = await folder('proofs', { 'plan.proof': broken });

      await drop(page, `${file}/plan.proof`, '#proof-drop');
      await page.locator('.verdict[data-verdict=verified]').waitFor();
      assert.match(await page.locator('#verdict').innerText(), /kept here/);
      await isAccessible(page, `verified${isBlind ? '-blind' : ''}`);

      const other = await open(await newContext());
      await drop(other, `${file}/plan.proof`, '#proof-drop');
      await other.locator('.verdict[data-verdict=consistent]').waitFor();
      await other.locator('#proof-root').fill(ROOT);
      await drop(other, `${file}/plan.proof`);
      await other.locator('.verdict[data-verdict=verified]').waitFor();
      await other.locator('#proof-root').fill('0'.repeat(64));
      await drop(other, `${file}/plan.proof`, '#proof-drop');
      await other.locator('.verdict[data-verdict=differs]').waitFor();
      await other.locator('#proof-root').fill('no root');
      await drop(other, `${file}/plan.proof`, '#proof-drop');
      await other.locator('#verdict').getByText('is not a root').waitFor();
      await other.locator('#proof-root').fill('');
      await drop(other, `${changed}/plan.proof`, '#proof-drop');
      await other.locator('.verdict[data-verdict=broken]').waitFor();
      await isAccessible(other, 'proof-broken');
    }
  }],
  ['a root from the command line is equal, different, or no root', async ({ open, newContext }) => {
    const context = await newContext();
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    const page = await open(context);
    await drop(page, await folder('notes', NOTES));
    await taken(page, 'notes');
    const answer = async (text) => {
      await page.locator('#other-root').fill(text);
      await page.locator('#other-root').press('Enter');
      return page.locator('#root-answer').innerText();
    };
    const printed = `notes: 3 added, 0 left out; snapshot a301dbdc, root ${ROOT}`;

    await page.getByRole('button', { name: 'Copy', exact: true }).click();
    await page.getByRole('button', { name: 'Copied' }).waitFor();

    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), ROOT);
    assert.match(await answer(ROOT), /^Equal/);
    assert.match(await answer(printed), /^Equal/);
    assert.match(await answer(` ${ROOT.toUpperCase()}\n`), /^Equal/);
    assert.match(await answer(ROOT.replace('7', '8')), /^Different/);
    assert.match(await answer(ROOT.replace(/.$/, 'c')), /^Different/);
    assert.match(await answer(ROOT.slice(1)), /not a root/);
    assert.match(await answer(`${ROOT}0`), /not a root/);
    assert.match(await answer(''), /not a root/);
    await answer(ROOT);
    await isAccessible(page, 'equal-root');
  }],
  ['names are text, and what cannot be seen in them is shown', async ({ open }) => {
    const page = await open();
    let alerts = 0;
    page.on('dialog', (dialog) => {
      alerts += 1;
      void dialog.dismiss();
    });
    await drop(page, await folder(MARKUP.replace('/', ''), HOSTILE));
    await taken(page, MARKUP);
    await page.locator('#tree').evaluate((tree) => (tree.style.minHeight = '1200px'));
    await page.waitForFunction(() => document.querySelectorAll('.row').length > 20);
    const names = await page
      .locator('.row .name')
      .evaluateAll((all) => all.map((it) => it.textContent));

    assert.equal(names.length, Object.keys(HOSTILE).length, names.join(' | '));
    assert.equal(new Set(names).size, names.length, 'no two names look the same');
    for (const wanted of [
      MARKUP,
      'invoice⟨U+202E⟩fdp.exe',
      'two⟨line break⟩lines',
      'tab⟨tab⟩here',
      'bell⟨U+0007⟩',
      'zero⟨U+200B⟩width',
      'mark⟨U+200F⟩⟨U+2066⟩⟨U+2069⟩⟨U+061C⟩',
      'family 👩‍👩‍👧',
      'join⟨U+200D⟩er',
      'space at the end⟨space⟩',
      '⟨space⟩',
      '__proto__',
      'nbsp⟨U+00A0⟩',
    ]) {
      assert.ok(names.includes(wanted), `${wanted} in ${names.join(' | ')}`);
    }
    await row(page, MARKUP).click();
    await page.locator('.preview pre', { hasText: '<script>alert(2)</script>' }).waitFor();
    await isAccessible(page, 'hostile-names');
    await page.getByRole('tab', { name: 'Size and change' }).click();
    await page.locator('.cell').first().waitFor();
    await page.getByText('The same as a table').click();
    await isAccessible(page, 'hostile-map');
    const { name } = await (async () => {
      await page.getByRole('tab', { name: 'Files' }).click();
      await row(page, 'invoice⟨U+202E⟩fdp.exe').click();
      return download(page, 'Download file');
    })();
    assert.doesNotMatch(name, /\u202e/);
    assert.equal(await page.locator('img[src=x], #tree svg, #tree script').count(), 0);
    assert.equal(alerts, 0);
  }],
  ['pictures are shown as pictures, other bytes are not shown', async ({ open }) => {
    const page = await open();
    const bidi = 'if (a\u202e) {}\n';
    const files = {
      'a.png': PNG,
      'b.svg': '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
      'c.html': '<script>alert(1)</script>',
      'd.bin': Buffer.from([0, 1, 2, 255]),
      'e.png': 'no picture',
      'f.txt': '',
      'g.rs': bidi,
      'h.txt': 'long '.repeat(40_000),
    };
    await drop(page, await folder('looks', files));
    await taken(page, 'looks');
    const look = async (name) => {
      await row(page, name).click();
      await page.locator('#details h3', { hasText: name }).waitFor();
      await page.locator('.preview > *').first().waitFor();
      return page.locator('.preview').innerText();
    };

    await look('a.png');
    await page.waitForFunction(() => document.querySelector('.preview img').naturalWidth === 1);
    assert.match(await look('b.svg'), /^<svg/);
    assert.match(await look('c.html'), /^<script>/);
    assert.match(await look('d.bin'), /no text/);
    await row(page, 'e.png').click();
    await page.getByText('It is no picture').waitFor();
    assert.match(await look('f.txt'), /empty/);
    assert.match(await look('g.rs'), /⟨U\+202E⟩/);
    assert.match(await look('h.txt'), /Only the first 64 kB/);
    await picture(page, 'long-text');
  }],
  ['the tree is walked through by keys alone', async ({ open }) => {
    const page = await open();
    await drop(page, await folder('notes', { ...NOTES, 'other/x': '1', 'notes/zebra': '2' }));
    await taken(page, 'notes');
    const active = () =>
      page.evaluate(() => {
        const id = document.querySelector('#tree').getAttribute('aria-activedescendant');
        const it = document.getElementById(id);
        return [
          it.querySelector('.name').textContent,
          it.getAttribute('aria-level'),
          it.getAttribute('aria-expanded'),
        ];
      });
    const press = async (...keys) => {
      for (const key of keys) await page.keyboard.press(key);
      await page.waitForTimeout(60);
      return active();
    };
    await page.getByRole('tab', { name: 'Files' }).focus();
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement.id), 'tree');

    assert.deepEqual(await active(), ['empty', '1', null]);
    assert.deepEqual(await press('ArrowDown'), ['notes', '1', 'false']);
    assert.deepEqual(await press('ArrowRight'), ['notes', '1', 'true']);
    assert.deepEqual(await press('ArrowRight'), ['ideas', '2', 'false']);
    assert.deepEqual(await press('z'), ['zebra', '2', null]);
    assert.deepEqual(await press('ArrowLeft'), ['notes', '1', 'true']);
    assert.deepEqual(await press('End'), ['other', '1', 'false']);
    assert.deepEqual(await press('Home'), ['empty', '1', null]);
    assert.deepEqual(await press('n', 'ArrowDown', 'ArrowDown', 'Enter'), ['plan.md', '2', null]);
    await page.locator('#details h3', { hasText: 'plan.md' }).waitFor();
    await picture(page, 'keys');
    await page.keyboard.press('Tab');
    assert.match(await page.evaluate(() => document.activeElement.textContent), /Copy/);
  }],
];

/** What an independent program says of the bytes, if there is one. */
function blake3(text) {
  try {
    return execFileSync('b3sum', ['--no-names'], { input: text, encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
}
