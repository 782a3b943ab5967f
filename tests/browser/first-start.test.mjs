// The first start: an empty directory, `probity init`, and one link that works once. Whoever opens it becomes the first
// administrator and invites the next person, in a browser, with nothing else prepared.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after } from 'node:test';
import { assertAccessible, browserTest } from './harness.mjs';
import { device, enrolWithApp, freePort, sign, typePasswords } from './people.mjs';

const program = process.env.PROBITY_PROGRAM;
assert.ok(program, 'PROBITY_PROGRAM names no file: run these tests with `cargo xtask test --only browser`');

const data = mkdtempSync(join(tmpdir(), 'probity-first-'));
after(() => rmSync(data, { recursive: true, force: true }));
assert.deepEqual(readdirSync(data), [], 'the data directory is empty');

const port = await freePort();
const address = `http://localhost:${port}`;
const first = ['--admin-name', 'Ingrid Solheim', '--admin-email', 'ingrid@example.org', '--admin-sign-in', 'ingrid'];
const founding = ['--organization', 'Northern Trials', '--address', address, ...first];
const said = execFileSync(program, ['init', '--data', data, ...founding], { encoding: 'utf8' });
const links = said.match(/http\S+\/enrol#\S+/g);
assert.equal(links?.length, 1, `one link in:\n${said}`);
const [link] = links;

const server = spawn(program, ['serve', '--data', data, '--listen', `127.0.0.1:${port}`], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
after(() => server.kill());
await new Promise((listening, failed) => {
  createInterface(server.stdout).on('line', (line) => line.includes(' serves ') && listening());
  server.on('exit', (code) => failed(new Error(`the server ended (${code}) before it listened`)));
});

/** Fails unless the page says clearly that its link works no more, and shows nothing else. */
async function assertSpent(page, spent) {
  const refused = page.waitForResponse((answer) => answer.request().method() === 'POST');
  await page.goto(spent);
  assert.equal((await refused).status(), 404);
  await page.getByRole('heading', { level: 1, name: 'This link works no more' }).waitFor();
  assert.equal(await page.locator('input').count(), 0);
  await assertAccessible(page);
}

browserTest(
  'an empty directory becomes an installation: one link, once; its administrator invites, and the invited enrols',
  async (page, _, another) => {
    // Nobody is let in by anything else.
    await page.goto('/');
    await page.waitForURL(/\/sign-in/);
    await assertAccessible(page);

    await device(page);
    await page.goto(link);
    await page.getByText('Welcome, Ingrid Solheim').waitFor();
    await assertAccessible(page);
    // The organization asks for a second factor, so a password alone sets nothing up.
    await typePasswords(page);
    await page.getByRole('button', { name: 'Set up with the app' }).click();
    await page.getByText('Six digits from the app').waitFor();
    // The link itself is in no address any more, and so in no history.
    assert.equal(new URL(page.url()).hash, '');
    await assertAccessible(page);
    await typePasswords(page);
    await page.getByRole('button', { name: 'Set up with a passkey' }).click();
    await page.waitForURL(/\/account/);
    await page.getByText('Your account is ready').waitFor();
    await assertAccessible(page);
    await sign(page);

    await page.getByRole('link', { name: 'People', exact: true }).click();
    await page.getByLabel('Name', { exact: true }).fill('Ana Lund');
    await page.getByLabel('Mail address').fill('ana@example.org');
    await page.getByLabel('Name to sign in with').fill('ana');
    await page.getByRole('button', { name: 'Add the person and show their link' }).click();
    await page.getByText('Send this link to Ana Lund').waitFor();
    await assertAccessible(page);
    const invitation = await page.getByLabel('Enrolment link').inputValue();
    assert.ok(invitation.startsWith(`${address}/enrol#`), `${invitation} can be sent as it stands`);

    const invited = await another();
    await enrolWithApp(invited, invitation);
    await invited.getByText('Your account is ready').waitFor();
    await invited.getByRole('heading', { name: 'Ana Lund' }).waitFor();
    await sign(invited);
    // Invited is not given a role.
    assert.equal(await invited.getByRole('link', { name: 'People', exact: true }).count(), 0);

    await page.goto('/people');
    const row = page.getByRole('row', { name: /Ana Lund/ });
    await row.getByText('in use').waitFor();
    await row.getByText('set', { exact: true }).waitFor();

    const stranger = await another();
    await assertSpent(stranger, link);
    await assertSpent(stranger, invitation);
    await stranger.goto('/people');
    await stranger.waitForURL(/\/sign-in/);
  },
  { baseURL: address },
);
