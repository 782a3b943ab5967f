// Every page that a link leads to, for every role of the demonstration: it answers, it has a title and one heading,
// it is accessible in light and in dark, and it complains of nothing. Pages of one kind are looked at once.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe } from 'node:test';
import { assertAccessible, assertContrast, browserTest, signIn } from './harness.mjs';

/** Kinds of pages looked at for one role; more than there are, so that reaching it is an error and not a cut. */
const KINDS_MAX = 60;

/** The window that pages open in. */
const WINDOW = { width: 1280, height: 720 };

/** What differs between two pages of one kind: ids, numbers and visits in the path, which value's history it is, and
    what is asked of it. Each form is a kind of its own. */
function kind(address) {
  return address.pathname
    .replace(/\/history\/.*/, '/history/:value')
    .replace(/\/visits\/[^/]+\/[^/]+/, '/visits/:visit')
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/gi, ':id')
    .replace(/\/\d+(?=\/|$)/g, '/:n');
}

/** Links of the page as it stands that lead to pages of our own. */
async function links(page) {
  const found = await page.$$eval('a[href]:not([download])', (anchors) => anchors.map((anchor) => anchor.href));
  const own = new URL(page.url()).origin;
  return found.map((href) => new URL(href)).filter((address) => address.origin === own);
}

/** Opens `address`; says whether it is a page, and not a file. */
async function open(page, address) {
  const head = await page.request.get(address.href, { maxRedirects: 5 });
  assert.ok(head.status() < 400, `${address.pathname}${address.search} answers ${head.status()}`);
  const isPage = (head.headers()['content-type'] ?? '').startsWith('text/html');
  if (isPage) {
    await page.setViewportSize(WINDOW);
    await page.goto(address.href);
  }
  return isPage;
}

/** Makes the window as tall as the page, so that no control is judged by what the footer hides until one scrolls. */
async function showWhole(page) {
  const height = await page.evaluate(() => document.documentElement.scrollHeight);
  await page.setViewportSize({ width: WINDOW.width, height: Math.max(WINDOW.height, height) });
}

/** Of what elements the page's content is made: of each sort once, with its attributes and without its words. */
async function makeUp(page) {
  return page.$$eval('main *', (elements) => {
    const spelled = (element) =>
      `${element.localName} ${element.className} ${[...element.attributes].map(({ name }) => name).join(' ')}`;
    return [...new Set(elements.map(spelled))].sort().join('\n');
  });
}

/** Pages judged for accessibility so far, by kind and make-up: that of another role is often the same. */
const judged = new Set();

async function inspect(page) {
  assert.ok((await page.title()).trim(), `${page.url()} has a title`);
  assert.equal(await page.locator('h1').count(), 1, `${page.url()} has one heading of the first level`);
  const made = `${kind(new URL(page.url()))} ${await makeUp(page)}`;
  if (judged.has(made)) return;
  judged.add(made);
  await showWhole(page);
  await page.emulateMedia({ colorScheme: 'light' });
  await assertAccessible(page);
  await page.emulateMedia({ colorScheme: 'dark' });
  await assertContrast(page);
  await page.emulateMedia({ colorScheme: null });
}

async function crawl(page) {
  const seen = new Set();
  const waiting = [new URL(page.url())];
  while (waiting.length > 0) {
    const address = waiting.shift();
    if (seen.has(kind(address))) continue;
    seen.add(kind(address));
    assert.ok(seen.size <= KINDS_MAX, `more than ${KINDS_MAX} kinds of pages: ${[...seen].join(' ')}`);
    if (!(await open(page, address))) continue;
    await inspect(page);
    waiting.push(...(await links(page)));
  }
  return seen;
}

// Two at a time: while one page is judged, the other is fetched.
describe('links', { concurrency: 2 }, () => {
  browserTest('the pages before signing in', async (page) => {
    await page.goto('/');
    await crawl(page);
  });

  const accounts = process.env.PROBITY_ACCOUNTS ? JSON.parse(readFileSync(process.env.PROBITY_ACCOUNTS, 'utf8')) : [];
  for (const role of new Set(accounts.map((account) => account.role))) {
    browserTest(`every page that a link leads the ${role.replaceAll('_', ' ')} to`, async (page) => {
      await signIn(page, role);
      const seen = await crawl(page);
      assert.ok(seen.size > 1, `only ${[...seen].join(' ')} was found`);
    });
  }
});
