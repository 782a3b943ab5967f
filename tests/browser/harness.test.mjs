// The harness itself: it must see what it is there to see, or every other test passes for nothing.
// It needs no Probity, only a page known to be bad and one known to be good.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after } from 'node:test';
import { assertAccessible, browserTest } from './harness.mjs';

const GOOD = `<!doctype html><html lang="en"><head><title>Good</title></head>
  <body><main><h1>Vital signs</h1><label>Pulse <input name="pulse"></label></main></body></html>`;
const BAD = `<!doctype html><html><head><title>Bad</title></head>
  <body><main><h1>Vital signs</h1><input name="pulse"><img src="data:,"></main></body></html>`;
const LOUD = `<!doctype html><html lang="en"><head><title>Loud</title>
  <script>throw new Error('broken script')</script></head><body></body></html>`;

const pages = { '/good': GOOD, '/bad': BAD, '/loud': LOUD };
const server = createServer((request, answer) => {
  answer.setHeader('Content-Type', 'text/html; charset=utf-8');
  answer.end(pages[request.url] ?? '');
});
await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
after(() => server.close());
const here = { baseURL: `http://127.0.0.1:${server.address().port}` };

browserTest('an accessible page passes', async (page) => {
  await page.goto('/good');
  await assertAccessible(page);
}, here);

browserTest('a page with faults is refused and each fault is named', async (page) => {
  await page.goto('/bad');
  await assert.rejects(assertAccessible(page), (failure) =>
    ['html-has-lang', 'image-alt', 'label'].every((rule) => failure.message.includes(rule)));
}, here);

browserTest('a script error in a page is a complaint', async (page, seen) => {
  await page.goto('/loud');
  assert.deepEqual(seen.complaints.splice(0), ['script error: broken script']);
}, here);

browserTest('a request to another host is a complaint', async (page, seen) => {
  await page.route('http://elsewhere.invalid/**', (route) => route.abort());
  await page.goto('/good');
  await page.evaluate(() => fetch('http://elsewhere.invalid/beacon').catch(() => {}));
  const complaints = seen.complaints.splice(0);
  assert.ok(complaints.includes('asked another host: http://elsewhere.invalid/beacon'), complaints.join('; '));
}, here);
