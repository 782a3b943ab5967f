// How people prove themselves: passkeys by Chromium's own authenticator, codes, recovery codes, confirming before what
// gives power, and a session that ends with something typed. Each test has a person of its own.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { account, assertAccessible, browserTest, signIn } from './harness.mjs';
import {
  OTHER_PASSWORD,
  PASSWORD,
  added,
  api,
  code,
  device,
  enrolWithApp,
  enrolWithPassword,
  named,
  opened,
  sign,
  signOut,
  typeNameAndPassword,
  typePasswords,
} from './people.mjs';

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

browserTest(
  'a new link changes the password once the passkey is shown, and the passkey stays',
  async (page) => {
    const person = await added();
    await device(page);
    await page.goto(person.link);
    await typePasswords(page);
    await page.getByRole('button', { name: 'Set up with a passkey' }).click();
    await page.waitForURL(/\/account/);
    await signOut(page);
    await page.goto(await renewed(person));
    await page.getByRole('heading', { name: 'Back into your account' }).waitFor();
    await assertAccessible(page);
    await page.locator('#password').fill(OTHER_PASSWORD);
    await page.locator('#again').fill(OTHER_PASSWORD);
    await page.getByRole('button', { name: 'Set it with my passkey' }).click();
    await page.waitForURL(/\/account/);
    await page.goto('/account');
    await page.getByRole('cell', { name: 'My device', exact: true }).waitFor();
  },
  { baseURL: named },
);

browserTest('who lost everything needs a link of one administrator and a code of another', async (page, _, another) => {
  const { organization } = account('organization_administrator');
  const second = await withoutFactor(page);
  const scope = { level: 'organization' };
  const grant = { person: second.id, role: 'organization_administrator', scope, reason: 'a test' };
  await api('POST', '/grants', second.administrator, grant);
  const person = await added();
  await enrolWithApp(page, person.link);
  await signOut(page);
  await page.goto(await renewed(person));
  await page.getByText('My second factor is lost').click();
  await typeLost(page, 'abcd-efgh-ijkl-mnop-qrst-uvwx-yz23');
  await page.getByText('this does not fit: type the code').waitFor();
  await assertAccessible(page);

  const desk = await another();
  await typeNameAndPassword(desk, second.name, organization);
  await desk.waitForURL((address) => address.pathname === '/');
  await desk.goto(`/people?q=${person.name}`);
  const row = desk.getByRole('row', { name: new RegExp(person.name) });
  await row.getByText('a link waits').waitFor();
  await row.getByText('Change').first().click();
  await row.getByText('Release').first().click();
  await row.getByRole('button', { name: 'Release the link' }).click();
  const release = await desk.getByLabel('Release code').inputValue();
  assert.match(release, /^([a-z2-7]{4}-){6}[a-z2-7]{4}$/);
  await assertAccessible(desk);

  await typeLost(page, release);
  await page.waitForURL(/\/account/);
});

browserTest('what gives power asks to confirm first, and nothing that was typed is lost', async (page) => {
  const person = await added();
  const secret = await enrolWithApp(page, person.link);
  await page.getByRole('button', { name: 'Make recovery codes' }).click();
  const [recovery] = await page.locator('ol.codes li').allTextContents();
  await page.goto('/account/agreements');
  await assertAccessible(page);
  await sign(page);
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
  await page.getByText(`${name} · `).waitFor();
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

/** Somebody who has no second factor, is enrolled, and has signed what is to be signed. */
async function withoutFactor(page) {
  const person = await added();
  await enrolWithPassword(page, person.link);
  await sign(page);
  await signOut(page);
  return person;
}

/** A new enrolment link for somebody. */
async function renewed({ id, administrator }) {
  return `/enrol#${(await api('POST', `/people/${id}/enrolment`, administrator)).token}`;
}

/** Sets everything anew on the page of a link. */
async function typeLost(page, proof) {
  const form = page.locator('form', { has: page.locator('#lost-proof') });
  await form.locator('#lost-proof').fill(proof);
  for (const field of ['#lost-password', '#lost-again']) await form.locator(field).fill(OTHER_PASSWORD);
  const app = form.locator('details', { has: page.locator('#secret') });
  if ((await app.getAttribute('open')) === null) await app.locator('summary').click();
  await form.locator('#code').fill(code(await form.locator('#secret').textContent()));
  await form.locator('> button[type=submit]').click();
}

/** A study of its own, so that what holds there holds for nobody else, with one site; its administrator's token. */
async function studyWithSite(page) {
  const { organization } = account('organization_administrator');
  const person = await withoutFactor(page);
  const name = `S.${person.name}`;
  const study = await api('POST', '/studies', person.administrator, { oid: name, name });
  const scope = { level: 'study', study: study.id };
  const grant = { person: person.id, role: 'study_administrator', scope, reason: 'a test' };
  await api('POST', '/grants', person.administrator, grant);
  const session = { organization, sign_in: person.name, password: PASSWORD };
  const { token } = await api('POST', '/session', null, session);
  const definition = readFileSync(new URL('../../studies/demonstration.xml', import.meta.url), 'utf8');
  const own = definition.replaceAll('S.HARBOUR', name);
  await api('POST', `/studies/${study.id}/definition?name=own.xml`, token, own);
  const site = await api('POST', `/studies/${study.id}/sites`, token, { oid: 'S.1', name: 'Bergen' });
  return { study: study.id, site: site.id, organization, token };
}

browserTest(
  'a site’s administrator asks for a second factor, and the next request there without one leads to setting one',
  async (page, _, another) => {
    const { study, site, organization, token } = await studyWithSite(page);
    const people = [];
    for (const role of ['site_administrator', 'coordinator']) {
      const person = await withoutFactor(page);
      const scope = { level: 'site', study, site };
      await api('POST', '/grants', token, { person: person.id, role, scope, reason: 'a test' });
      people.push(person);
    }
    const [administrator, coordinator] = people;

    const work = await another();
    await typeNameAndPassword(work, coordinator.name, organization);
    await work.locator('main a[href$="/subjects"]').first().click();
    await work.getByLabel('Code (never a name)').fill(`F${randomUUID().slice(0, 8).toUpperCase()}`);
    await work.getByRole('button', { name: 'Add the subject' }).click();
    await work.waitForURL(/\/subjects\/[0-9a-f-]{36}$/);
    const subject = work.url();

    await typeNameAndPassword(page, administrator.name, organization);
    await page.locator('main a[href*="/studies/"]').first().click();
    await page.getByRole('link', { name: 'Settings at Bergen' }).click();
    await assertAccessible(page);
    await page.locator('select[name="second_factor"]').selectOption('1');
    await page.getByRole('button', { name: 'Set these' }).first().click();
    // It holds for whoever set it, too.
    await page.getByRole('heading', { name: 'A second factor is needed' }).waitFor();

    await work.reload();
    await work.getByRole('heading', { name: 'A second factor is needed' }).waitFor();
    await work.getByText('everybody needs a second factor, and you have none yet').waitFor();
    await assertAccessible(work);
    await device(work);
    await work.getByRole('link', { name: 'Set a second factor' }).click();
    await work.getByRole('button', { name: 'Add a passkey' }).click();
    await work.getByText('Your passkey is added').waitFor();
    // Back on the page that asked, what was asked for is one step away.
    await work.goto(`/confirm?next=${encodeURIComponent(new URL(subject).pathname)}`);
    await work.getByRole('button', { name: 'Confirm with your passkey' }).waitFor();
    await work.goto(subject);
    await work.getByRole('heading', { name: /^Subject F/ }).waitFor();
  },
  { baseURL: named },
);
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
