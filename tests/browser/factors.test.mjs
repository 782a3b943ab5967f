// How people prove themselves: passkeys by Chromium's own authenticator, codes, recovery codes, confirming before what
// gives power, and a session that ends with something typed. Each test has a person of its own.
import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import { account, assertAccessible, browserTest, signIn, url } from './harness.mjs';

/** Passkeys are for a host name: the same server, by its name. */
const named = url?.replace('127.0.0.1', 'localhost');
const PASSWORD = 'seven plain words of a test';

/** Asks the API, as a program. */
async function api(method, path, token, body) {
  const answer = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: {
      'Content-Type': 'application/json',
      'Idempotency-Key': randomUUID(),
      ...(token ? { Authorization: `Bearer ${token}` } : {}),
    },
    body: body && JSON.stringify(body),
  });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${await answer.clone().text()}`);
  return answer.json();
}

async function opened(role) {
  const { organization, sign_in, password } = account(role);
  return (await api('POST', '/session', null, { organization, sign_in, password })).token;
}

/** A person who has not enrolled: id, name to sign in with, enrolment link. */
async function added() {
  const administrator = await opened('organization_administrator');
  const name = `test-${randomUUID().slice(0, 8)}`;
  const person = { name: `Test ${name}`, email: `${name}@example.org`, sign_in: name };
  const { id, token } = await api('POST', '/people', administrator, person);
  return { id, name, link: `/enrol#${token}`, administrator };
}

/** The code of a secret at this time, so many steps later (RFC 6238). */
function code(secret, later = 0) {
  const letters = [...secret.replace(/\s/g, '')].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter));
  const bits = letters.map((value) => value.toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + later));
  const mac = createHmac('sha1', key).update(step).digest();
  const at = mac[19] & 0xf;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

/** A device that makes passkeys, and has the finger of whoever is asked. */
async function device(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('WebAuthn.enable');
  const options = {
    protocol: 'ctap2',
    transport: 'internal',
    hasResidentKey: true,
    hasUserVerification: true,
    isUserVerified: true,
    automaticPresenceSimulation: true,
  };
  const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', { options });
  return {
    verified: (isUserVerified) => session.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified }),
  };
}

async function typePasswords(page) {
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByLabel('The same again').fill(PASSWORD);
}

async function signOut(page) {
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL(/\/sign-in/);
}

/** Enrols with an authenticator app, and returns its secret. */
async function enrolWithApp(page, link) {
  await page.goto(link);
  await typePasswords(page);
  const details = page.locator('details', { has: page.locator('#secret') });
  if ((await details.getAttribute('open')) === null) await details.locator('summary').click();
  const secret = await page.locator('#secret').textContent();
  await page.getByLabel('Six digits from the app').fill(code(secret));
  await page.locator('form.ask > button[type=submit]').click();
  await page.waitForURL(/\/account/);
  return secret;
}

async function typeNameAndPassword(page, name, organization) {
  await page.goto('/sign-in');
  const which = page.locator('input[autocomplete~="organization"]');
  if (await which.count()) await which.fill(organization);
  await page.locator('#sign_in').fill(name);
  await page.locator('#password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

browserTest(
  'a passkey is set up with an enrolment link and then signs in without a name or a password',
  async (page) => {
    const person = await added();
    const finger = await device(page);
    await page.goto(person.link);
    await assertAccessible(page);
    await typePasswords(page);
    await page.getByRole('button', { name: 'Set up with a passkey' }).click();
    await page.waitForURL(/\/account/);
    await page.getByRole('cell', { name: 'My device', exact: true }).waitFor();
    await assertAccessible(page);
    await signOut(page);
    await assertAccessible(page);
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await page.waitForURL((address) => address.pathname === '/');
    await page.goto('/account/activity');
    await page.getByRole('cell', { name: 'passkey', exact: true }).first().waitFor();
    await assertAccessible(page);
    await signOut(page);
    // A device that does not verify its user proves nothing, and the page says what to do.
    await finger.verified(false);
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await page.getByText(/Try again, or choose another way/).waitFor();
    // A password alone is answered with a question.
    await typeNameAndPassword(page, person.name, account('organization_administrator').organization);
    await page.getByRole('heading', { name: 'Your second factor' }).waitFor();
    await assertAccessible(page);
  },
  { baseURL: named },
);

browserTest('a code of an authenticator app is asked for after the password', async (page) => {
  const person = await added();
  const secret = await enrolWithApp(page, person.link);
  await signOut(page);
  await typeNameAndPassword(page, person.name, account('organization_administrator').organization);
  await page.getByLabel('Code').fill('000000');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByText('Not signed in: this code does not fit').waitFor();
  await page.getByLabel('Code').fill(code(secret, 1));
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.waitForURL((address) => address.pathname === '/');
});

browserTest('a recovery code stands in for a lost device, and its owner is told until they have read it', async (page) => {
  const person = await added();
  await enrolWithApp(page, person.link);
  await page.getByRole('button', { name: 'Make recovery codes' }).click();
  await page.getByText('They are shown only now').waitFor();
  const codes = await page.locator('ol.codes li').allTextContents();
  assert.equal(new Set(codes).size, 10);
  await assertAccessible(page);
  await signOut(page);
  await typeNameAndPassword(page, person.name, account('organization_administrator').organization);
  await page.getByLabel('Code').fill(codes[0]);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.waitForURL((address) => address.pathname === '/');
  const notice = page.getByRole('region', { name: 'About your account' });
  await notice.getByText('A recovery code was used to sign in, with Chrome on Linux').waitFor();
  await assertAccessible(page);
  await page.goto('/account');
  await page.getByText('9 left').waitFor();
  await notice.getByRole('button', { name: 'I have read this' }).click();
  await page.waitForURL(/\/account\/activity/);
  assert.equal(await notice.count(), 0);
  // It worked once.
  await signOut(page);
  await typeNameAndPassword(page, person.name, account('organization_administrator').organization);
  await page.getByLabel('Code').fill(codes[0]);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByText('Not signed in').waitFor();
});

browserTest('what gives power asks to confirm first, and nothing that was typed is lost', async (page) => {
  const person = await added();
  const secret = await enrolWithApp(page, person.link);
  await page.getByRole('button', { name: 'Make recovery codes' }).click();
  const [recovery] = await page.locator('ol.codes li').allTextContents();
  await page.goto('/account/agreements');
  await assertAccessible(page);
  await page.getByRole('button', { name: /I have read this and agree/ }).click();
  await page.getByText('to read and sign').waitFor({ state: 'detached' });
  // Whoever has signed may be given a role, which ends the session.
  const role = { person: person.id, role: 'organization_administrator', scope: { level: 'organization' }, reason: 'a test' };
  await api('POST', '/grants', person.administrator, role);
  // A session that a recovery code opened has not shown the strongest factor.
  await typeNameAndPassword(page, person.name, account('organization_administrator').organization);
  await page.getByLabel('Code').fill(recovery);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.waitForURL((address) => address.pathname === '/');
  await page.goto('/people');
  const name = `typed-${randomUUID().slice(0, 8)}`;
  await page.locator('#name').fill(`Typed ${name}`);
  await page.locator('#email').fill(`${name}@example.org`);
  await page.locator('form:has(#email) #sign_in').fill(name);
  await page.locator('form:has(#email) button').click();
  await page.getByRole('heading', { name: 'Confirm it is you' }).waitFor();
  await assertAccessible(page);
  await page.locator('#code').fill('000000');
  await page.getByRole('button', { name: 'Confirm' }).click();
  await page.getByText('Not confirmed').waitFor();
  await page.locator('#code').fill(code(secret, 1));
  await page.getByRole('button', { name: 'Confirm' }).click();
  await page.getByText(`Send this link to Typed ${name}`).waitFor();
  await page.getByRole('cell', { name, exact: true }).waitFor();
});

browserTest('a session that is about to end says so, and one that ended keeps what was typed', async (page) => {
  await page.clock.install();
  await signIn(page, 'coordinator');
  await page.locator('main a[href$="/subjects"]').first().click();
  await page.getByLabel('Code (never a name)').fill(`T${randomUUID().slice(0, 8).toUpperCase()}`);
  const site = page.locator('form:has(#code) select[name=site]');
  if (await site.count()) await site.selectOption({ index: 1 });
  await page.getByRole('button', { name: 'Add the subject' }).click();
  await page.waitForURL(/\/subjects\/[0-9a-f-]{36}$/);
  const row = page.locator('table.matrix tr', { has: page.getByRole('rowheader', { name: 'Vital signs', exact: true }) });
  await row.locator('td a').first().click();
  await page.waitForURL(/\/forms\//);
  await page.clock.fastForward(8.5 * 60_000);
  await page.getByText('Your session ends in less than 2 minutes').waitFor();
  await page.getByRole('button', { name: 'Stay signed in' }).click();
  await page.getByText('Your session ends in less than 2 minutes').waitFor({ state: 'detached' });
  // Ended elsewhere, as it is by time: what is typed next is not saved, and not lost.
  const other = await opened('coordinator');
  await api('DELETE', '/me/sessions', other);
  const pulse = page.locator('.field', { has: page.locator('.label', { hasText: 'Pulse' }) });
  await pulse.locator('.control input').first().fill('71');
  await pulse.locator('.control input').first().press('Tab');
  // Nothing that the session showed is in the page any more, until the same person is back.
  await page.getByRole('link', { name: 'Sign in again' }).waitFor();
  assert.equal(await page.locator('main, header, #sheet, .field').count(), 0);
  await page.getByRole('button', { name: 'Go on' }).click();
  assert.equal(await page.locator('#sheet').count(), 0);
  const door = await page.context().newPage();
  await signIn(door, 'coordinator');
  await page.getByRole('button', { name: 'Go on' }).click();
  await page.getByText('Not saved: your session has ended').waitFor();
  assert.equal(await pulse.locator('.control input').first().inputValue(), '71');
  await page.locator('#save').click();
  await page.locator('#saved', { hasText: /Saved \d\d:\d\d:\d\d UTC/ }).waitFor();
});

browserTest('a page whose session is over shows nothing of it any more', async (page) => {
  await page.clock.install();
  await signIn(page, 'coordinator');
  await page.locator('main a[href$="/subjects"]').first().click();
  await page.waitForURL(/\/subjects$/);
  const here = new URL(page.url()).pathname;
  await api('DELETE', '/me/sessions', await opened('coordinator'));
  await page.clock.fastForward(10.5 * 60_000);
  await page.waitForURL((address) => address.pathname === '/sign-in');
  await page.getByText('Your session has ended. Sign in to go on.').waitFor();
  assert.equal(await page.locator('input[name=next]').first().inputValue(), here);
});
