// A Firefox without a window.
import { existsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import puppeteer from 'puppeteer-core';
import { removeAtExit } from './ended.mjs';

const executablePath = process.env.FIREFOX ?? '/usr/bin/firefox-esr';

/** Why there is none, if so; in CI there is one. */
export function missing() {
  if (existsSync(executablePath)) return undefined;
  const what = `Firefox is missing (on Debian: firefox-esr; looked for ${executablePath})`;
  if (process.env.CI === 'true') throw new Error(what);
  return what;
}

/** A browser whose data is gone with it; with `isPrivate` all its windows are private ones. */
export async function launch(isPrivate = false) {
  const userDataDir = await mkdtemp(join(tmpdir(), 'markerbed-firefox-'));
  removeAtExit(userDataDir);
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath,
    userDataDir,
    headless: true,
    extraPrefsFirefox: { 'browser.privatebrowsing.autostart': isPrivate },
  });
  // As it is called in Chromium, so that the same cases run in both.
  browser.newContext = () => browser.createBrowserContext();
  return browser;
}
