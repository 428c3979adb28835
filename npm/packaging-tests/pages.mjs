// What pages find in Chromium.
import { serve } from '../../host-web/tests/browser/chromium.mjs';

/** Opens `index.html` of a folder that is served as it is; answers what the page found. */
export async function found(browser, folder) {
  const { address, stop } = await serve(folder, {});
  try {
    return await foundAt(browser, `${address}/index.html`);
  } finally {
    stop();
  }
}

/** Opens a page; answers what it found. Anything that it asks of another place fails. */
export async function foundAt(browser, address) {
  const context = await browser.newContext();
  const page = await context.newPage();
  const said = [];
  const foreign = [];
  page.on('console', (message) => said.push(message.text()));
  page.on('pageerror', (error) => said.push(String(error)));
  page.on('request', (request) => {
    if (!request.url().startsWith(new URL(address).origin) && !request.url().startsWith('data:')) {
      foreign.push(request.url());
    }
  });
  try {
    await page.goto(address);
    const handle = await page.waitForFunction(() => window.found);
    if (foreign.length > 0) throw new Error(`asked another place: ${foreign.join(' ')}`);
    return await handle.jsonValue();
  } catch (error) {
    throw new Error(`${error.message}\n${said.join('\n')}`);
  } finally {
    await context.close();
  }
}
