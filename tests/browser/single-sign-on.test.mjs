// Single sign-on with a certified OpenID provider: an administrator names it, somebody links their account there, and signs
// in by it, with their second factor as before.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after } from 'node:test';
import Provider from 'oidc-provider';
import { assertAccessible, browserTest } from './harness.mjs';
import { code, device, enrolWithApp, freePort, sign, signOut, typePasswords } from './people.mjs';

const program = process.env.PROBITY_PROGRAM;
assert.ok(program, 'PROBITY_PROGRAM names no file: run these tests with `cargo xtask test --only browser`');

const [port, itsPort] = [await freePort(), await freePort()];
const address = `http://localhost:${port}`;
const issuer = `http://localhost:${itsPort}`;
const client = { id: 'probity', secret: `secret of ${randomUUID()}` };

/** The provider knows whoever says who they are: its own pages are the ones that it brings for development. */
const provider = new Provider(issuer, {
  clients: [
    {
      client_id: client.id,
      client_secret: client.secret,
      redirect_uris: [`${address}/sign-in/provider`],
      response_types: ['code'],
      grant_types: ['authorization_code'],
    },
  ],
  pkce: { required: () => true },
  cookies: { keys: [randomUUID()] },
});
const providing = createServer(provider.callback());
await new Promise((ready) => providing.listen(itsPort, '127.0.0.1', ready));
after(() => {
  providing.closeAllConnections();
  providing.close();
});

const data = mkdtempSync(join(tmpdir(), 'probity-sso-'));
after(() => rmSync(data, { recursive: true, force: true }));
const first = ['--admin-name', 'Ingrid Solheim', '--admin-email', 'ingrid@example.org', '--admin-sign-in', 'ingrid'];
const founding = ['--organization', 'Northern Trials', '--address', address, ...first];
const said = execFileSync(program, ['init', '--data', data, ...founding], { encoding: 'utf8' });
const [link] = said.match(/http\S+\/enrol#\S+/g);
const listen = ['--listen', `127.0.0.1:${port}`, '--identity-provider', issuer];
const server = spawn(program, ['serve', '--data', data, ...listen], { stdio: ['ignore', 'pipe', 'inherit'] });
after(() => server.kill());
await new Promise((listening, failed) => {
  createInterface(server.stdout).on('line', (line) => line.includes(' serves ') && listening());
  server.on('exit', (code) => failed(new Error(`the server ended (${code}) before it listened`)));
});

/** Signs in on the provider's own pages, and consents. */
async function atProvider(page, subject) {
  await page.waitForURL(`${issuer}/interaction/**`);
  await page.locator('input[name=login]').fill(subject);
  await page.locator('input[name=password]').fill('any');
  await page.getByRole('button', { name: 'Sign-in' }).click();
  await page.getByRole('button', { name: 'Continue' }).click();
}

browserTest(
  'an account at the organization’s provider is linked once, and then opens it in place of the password',
  async (page, _, another) => {
    await device(page);
    await page.goto(link);
    await typePasswords(page);
    await page.getByRole('button', { name: 'Set up with a passkey' }).click();
    await page.waitForURL(/\/account/);
    await sign(page);
    await page.goto('/policy');
    await page.getByRole('link', { name: 'Single sign-on' }).click();
    await assertAccessible(page);
    await page.getByText(`${address}/sign-in/provider`).waitFor();
    await page.getByLabel('What people call it').fill('Fjord Hospital');
    await page.getByLabel('Client id').fill(client.id);
    await page.getByLabel('Client secret').fill(client.secret);
    await page.getByRole('button', { name: 'Set it up' }).click();
    await page.getByText('People may sign in with Fjord Hospital.').waitFor();
    await assertAccessible(page);
    await page.goto('/people');
    await page.getByLabel('Name', { exact: true }).fill('Ana Lund');
    await page.getByLabel('Mail address').fill('ana@example.org');
    await page.getByLabel('Name to sign in with').fill('ana');
    await page.getByRole('button', { name: 'Add the person and show their link' }).click();
    const invitation = await page.getByLabel('Enrolment link').inputValue();

    const ana = await another();
    const secret = await enrolWithApp(ana, invitation);
    await sign(ana);
    await ana.goto('/account');
    await assertAccessible(ana);
    await ana.getByRole('button', { name: 'Link your account at Fjord Hospital' }).click();
    await atProvider(ana, 'ana.lund');
    await ana.getByText('Your account is linked').waitFor();
    await assertAccessible(ana);
    await signOut(ana);

    const later = await another();
    await later.goto('/sign-in');
    await assertAccessible(later);
    await later.getByRole('button', { name: 'Sign in with Fjord Hospital' }).click();
    await atProvider(later, 'ana.lund');
    // What the organization asks for besides is asked for all the same.
    await later.getByLabel('Code').fill(code(secret, 1));
    await later.getByRole('button', { name: 'Sign in', exact: true }).click();
    await later.goto('/account');
    await later.getByRole('heading', { name: 'Ana Lund' }).waitFor();
    await later.goto('/account/activity');
    await later.getByText('sign-in at the provider and code from the app').first().waitFor();

    const stranger = await another();
    await stranger.goto('/sign-in');
    await stranger.getByRole('button', { name: 'Sign in with Fjord Hospital' }).click();
    // Somebody else’s account there, with the same name as hers here.
    await atProvider(stranger, 'ana');
    await stranger.getByText('no account here is linked to the one that you signed in with').waitFor();
    await assertAccessible(stranger);
  },
  { baseURL: address, beside: issuer },
);
