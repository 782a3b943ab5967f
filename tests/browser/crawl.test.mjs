// Every page that a link leads to, for every role of the demonstration: it answers, it has a title and one heading,
// it is accessible in light and in dark, and it complains of nothing. Pages of one kind are looked at once.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { assertAccessible, browserTest, signIn } from './harness.mjs';

/** Kinds of pages looked at for one role; more than there are, so that reaching it is an error and not a cut. */
const KINDS_MAX = 80;

/** What differs between two pages of one kind: ids and numbers in the path, and what is asked of it. */
function kind(address) {
  return address.pathname
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
  assert.ok(head.status() < 400, `${address.pathname} answers ${head.status()}`);
  const isPage = (head.headers()['content-type'] ?? '').startsWith('text/html');
  if (isPage) await page.goto(address.href);
  return isPage;
}

async function inspect(page) {
  assert.ok((await page.title()).trim(), `${page.url()} has a title`);
  assert.equal(await page.locator('h1').count(), 1, `${page.url()} has one heading of the first level`);
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    await assertAccessible(page);
  }
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
