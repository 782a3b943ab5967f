// People whom a test makes for itself: added by an administrator, enrolled with the devices that people have, signed in by
// the form as they are.
import assert from 'node:assert/strict';
import { createHmac, randomUUID } from 'node:crypto';
import { createServer } from 'node:net';
import { account, url } from './harness.mjs';

/** Passkeys are for a host name: the same server, by its name. */
export const named = url?.replace('127.0.0.1', 'localhost');
/** The password of all of them. */
export const PASSWORD = 'seven plain words of a test';
/** Another, for who chooses a new one. */
export const OTHER_PASSWORD = 'other plain words of a test';

/** A port that is free now. Addresses are printed before servers listen, so they have to be known by then. */
export async function freePort() {
  const server = createServer();
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address();
  await new Promise((closed) => server.close(closed));
  return port;
}

/** Asks the API, as a program: with JSON, or with a text that is XML. */
export async function api(method, path, token, body) {
  const xml = typeof body === 'string';
  const answer = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: {
      'Content-Type': xml ? 'application/xml' : 'application/json',
      'Idempotency-Key': randomUUID(),
      ...(token ? { Authorization: `Bearer ${token}` } : {}),
    },
    body: xml ? body : body && JSON.stringify(body),
  });
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${await answer.clone().text()}`);
  return answer.json();
}

export async function opened(role) {
  const { organization, sign_in, password } = account(role);
  return (await api('POST', '/session', null, { organization, sign_in, password })).token;
}

/** A person who has not enrolled: id, name to sign in with, enrolment link. */
export async function added() {
  const administrator = await opened('organization_administrator');
  const name = `test-${randomUUID().slice(0, 8)}`;
  const person = { name: `Test ${name}`, email: `${name}@example.org`, sign_in: name };
  const { id, token } = await api('POST', '/people', administrator, person);
  return { id, name, link: `/enrol#${token}`, administrator };
}

/** The code of a secret at this time, so many steps later (RFC 6238). */
export function code(secret, later = 0) {
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
export async function device(page) {
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

export async function typePasswords(page) {
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
  await page.getByLabel('The same again').fill(PASSWORD);
}

export async function signOut(page) {
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL(/\/sign-in/);
}

/** Signs the agreements that wait. */
export async function sign(page) {
  await page.goto('/account/agreements');
  await page.getByRole('button', { name: /I have read this and agree/ }).click();
  await page.getByText('to read and sign').waitFor({ state: 'detached' });
}

/** Enrols with a password alone. */
export async function enrolWithPassword(page, link) {
  await page.goto(link);
  await typePasswords(page);
  await page.locator('form.ask > button[type=submit]').click();
  await page.waitForURL(/\/account/);
}

/** Enrols with an authenticator app, and returns its secret. */
export async function enrolWithApp(page, link) {
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

export async function typeNameAndPassword(page, name, organization) {
  await page.goto('/sign-in');
  const which = page.locator('input[autocomplete~="organization"]');
  if (await which.count()) await which.fill(organization);
  await page.locator('#sign_in').fill(name);
  await page.locator('#password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}
