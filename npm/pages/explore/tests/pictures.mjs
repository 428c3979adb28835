// Makes the pictures of the documents anew: node tests/pictures.mjs [OLDER COMMIT]
import { execSync } from 'node:child_process';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { drop, launch, openPage, place, servePage, taken } from './harness.mjs';

const OLDER = process.argv[2] ?? 'HEAD~110';
const repository = fileURLToPath(new URL('../../../../', import.meta.url));
const images = join(repository, 'docs/images');

/** What this repository had in some folders at a commit. */
async function checkedOut(commit) {
  const top = join(await mkdtemp(join(place, 'tree-')), 'markerbed');
  await mkdir(top);
  const folders = 'core docs tests host-native';
  execSync(`git archive ${commit} ${folders} | tar -x -C ${top}`, { cwd: repository });
  return top;
}

const server = await servePage();
const browser = await launch();
try {
  const context = await browser.newContext({ viewport: { width: 1280, height: 1180 } });
  const page = await openPage(context, server.address);
  for (const commit of [OLDER, 'HEAD']) {
    await drop(page, await checkedOut(commit));
    await taken(page, 'markerbed');
    await page.waitForFunction(() => document.querySelector('#progress').hidden);
  }
  await page.waitForFunction(() => document.querySelectorAll('#kept-list li').length === 2);
  await page.getByRole('tab', { name: 'Size and change' }).click();
  await page.locator('.cell').first().waitFor();
  await page.locator('#against-note', { hasText: 'changed' }).waitFor();
  await page.locator('#offline', { hasText: 'Works offline' }).waitFor();
  await page.mouse.move(0, 0);
  await page.evaluate(() => window.scrollTo(0, 0));
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: join(images, `explore-${colorScheme}.png`) });
  }
} finally {
  await browser.close();
  await server.stop();
}
