// What every browser test stands on: one Chromium, a fresh page for each test, signing in as one of the
// demonstration's people, and the accessibility check. It knows addresses and accounts from the environment only:
//   PROBITY_URL       where the server under test listens, http://127.0.0.1:PORT
//   PROBITY_ACCOUNTS  the file that `probity demo --accounts-file` wrote
//   PROBITY_PROGRAM   the program itself, for tests that start one of their own
//   PROBITY_CHROMIUM  the browser, /usr/bin/chromium unless said otherwise
//   PROBITY_SHOTS     a directory for pictures of failed tests; none are taken without it
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import { chromium } from 'playwright-core';

/** The levels that every page meets: WCAG 2.2 AA, and what axe holds to be good practice. */
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** Long enough for a loaded two-core machine, short enough that a hanging page is noticed. */
const PATIENCE_MS = 20_000;

/** The server under test. */
export const url = process.env.PROBITY_URL;

let browser;

before(async () => {
  browser = await chromium.launch({
    executablePath: process.env.PROBITY_CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    // Without a sandbox, because root has none; without the parts that would look for a network.
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--disable-dev-shm-usage',
    ],
  });
});

after(async () => {
  await browser?.close();
});

/**
 * A test with a page of its own. It fails, whatever else it asserts, when a page reported a script error, a
 * violation of the content security policy, or asked anything of a host that is not the server under test.
 *
 * @param {string} name what holds, as a sentence
 * @param {(page: import('playwright-core').Page, seen: Seen, another: () => Promise<import('playwright-core').Page>)
 *   => Promise<void>} body `another` opens a page as if on another machine: it shares nothing with the first
 * @param {object} [options] of the browser context: `javaScriptEnabled`, `colorScheme`, `viewport`; and `baseURL`,
 *   or `beside`, the origin of another program whose own pages are part of the test
 */
export function browserTest(name, body, { beside, ...options } = {}) {
  test(name, async () => {
    const seen = { complaints: [], requests: [] };
    const pages = [];
    const another = async () => {
      const context = await browser.newContext({ baseURL: url, locale: 'en-GB', timezoneId: 'UTC', ...options });
      context.setDefaultTimeout(PATIENCE_MS);
      const page = await context.newPage();
      watch(page, options.baseURL ?? url, seen, beside);
      // Its pages may ask whom they like, and get nothing.
      if (beside) await page.route((asked) => !asked.origin.startsWith('http://localhost'), (route) => route.abort());
      pages.push(page);
      return page;
    };
    try {
      await body(await another(), seen, another);
      assert.equal(seen.complaints.length, 0, `the page complained:\n${seen.complaints.join('\n')}`);
    } catch (failure) {
      for (const [number, page] of pages.entries()) await picture(page, `${name} ${number + 1}`);
      throw failure;
    } finally {
      for (const page of pages) await page.context().close();
    }
  });
}

/**
 * What happened in the pages of a test while it went on.
 * @typedef {{ complaints: string[], requests: string[] }} Seen
 */
function watch(page, own, seen, beside) {
  page.on('pageerror', (error) => seen.complaints.push(`script error: ${error.message}`));
  page.on('console', (message) => {
    // A refused request (422, 409) is logged by the browser as an error; the tests look at what the page says of it.
    const isStatus = message.text().startsWith('Failed to load resource');
    if (message.type() === 'error' && !isStatus) seen.complaints.push(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    seen.requests.push(`${request.method()} ${request.url()}`);
    const asked = new URL(request.url());
    if (beside && (asked.origin === beside || request.frame().url().startsWith(beside))) return;
    const isOwn = asked.origin === new URL(own).origin || ['data:', 'blob:', 'about:'].includes(asked.protocol);
    if (!isOwn) seen.complaints.push(`asked another host: ${request.url()}`);
  });
}

/**
 * An account of the demonstration: `{role, organization, name, sign_in, password}`.
 * @param {string} role as in the accounts file, for example 'coordinator'
 */
export function account(role) {
  const file = process.env.PROBITY_ACCOUNTS;
  assert.ok(file, 'PROBITY_ACCOUNTS names no file: run these tests with `cargo xtask test --only browser`');
  const accounts = JSON.parse(readFileSync(file, 'utf8'));
  const found = accounts.find((one) => one.role === role);
  assert.ok(found, `no account for '${role}' among ${accounts.map((one) => one.role).join(', ')}`);
  return found;
}

/**
 * Signs in by the form, as a person does, and returns the account.
 * @param {import('playwright-core').Page} page
 * @param {string} role
 */
export async function signIn(page, role) {
  const who = account(role);
  await page.goto('/sign-in');
  // Asked for only where the installation has several.
  const organization = page.locator('input[autocomplete~="organization"]');
  if (await organization.count()) await organization.fill(who.organization);
  await page.locator('input[autocomplete~="username"]').fill(who.sign_in);
  await page.locator('input[autocomplete~="current-password"]').fill(who.password);
  await Promise.all([
    page.waitForURL((address) => !address.pathname.startsWith('/sign-in')),
    page.locator('form:has(input[type=password]) [type=submit]').click(),
  ]);
  return who;
}

/**
 * Fails, naming each element, unless the page as it stands is accessible.
 * @param {import('playwright-core').Page} page
 */
export async function assertAccessible(page) {
  assertNone(page, await new AxeBuilder({ page }).withTags(RULES).analyze());
}

/**
 * Fails unless every text of the page as it stands has the contrast that it needs: all that a colour scheme changes.
 * @param {import('playwright-core').Page} page
 */
export async function assertContrast(page) {
  assertNone(page, await new AxeBuilder({ page }).withRules(['color-contrast']).analyze());
}

function assertNone(page, { violations }) {
  const said = violations.flatMap(({ id, help, nodes }) =>
    nodes.map((node) => `${id}: ${help} at ${node.target.join(' ')}`),
  );
  assert.equal(said.length, 0, `accessibility of ${page.url()}:\n${said.join('\n')}`);
}

async function picture(page, name) {
  const directory = process.env.PROBITY_SHOTS;
  if (!directory) return;
  mkdirSync(directory, { recursive: true });
  const file = join(directory, `${name.replace(/[^a-z0-9]+/gi, '-')}.png`);
  await page.screenshot({ path: file, fullPage: true }).catch(() => {});
}
