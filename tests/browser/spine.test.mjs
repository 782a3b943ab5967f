// The spine, as a coordinator walks it: sign in, add a subject, enter vital signs, correct a value with a reason, and
// read both values in its history. Then the same form by keyboard alone, without scripts, and with the connection lost.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { assertAccessible, browserTest, signIn } from './harness.mjs';

let count = 0;
/** A code that no subject has yet. */
const freshCode = () => `T${Date.now().toString(36).slice(-6).toUpperCase()}-${(count += 1)}`;

/** Signs in as a coordinator and adds a subject; leaves the page at its matrix. */
async function withSubject(page) {
  await signIn(page, 'coordinator');
  await page.locator('main a[href$="/subjects"]').first().click();
  const code = freshCode();
  await page.getByLabel('Code (never a name)').fill(code);
  const site = page.locator('form:has(#code) select[name=site]');
  if (await site.count()) await site.selectOption({ index: 1 });
  await page.getByRole('button', { name: 'Add the subject' }).click();
  await page.waitForURL(/\/subjects\/[0-9a-f-]{36}$/);
  assert.equal(await page.locator('h1').textContent(), `Subject ${code}`);
  return code;
}

/** Opens the first form of this name. */
async function openForm(page, name) {
  const row = page.locator('table.matrix tr', { has: page.getByRole('rowheader', { name, exact: true }) });
  await row.locator('td a').first().click();
  await page.waitForURL(/\/forms\//);
  assert.equal(await page.locator('h1').textContent(), name);
}

const field = (page, label) => page.locator('.field', { has: page.locator('.label', { hasText: label }) });
const saved = (page) => page.locator('#saved', { hasText: /^\s*Saved \d\d:\d\d:\d\d UTC, entry [\d,]+/ });

/** Types a value and goes on, and waits until the page says that it is saved. */
async function enter(page, label, value) {
  const control = field(page, label).locator('.control input:not([type=radio])').first();
  await control.fill(value);
  await control.press('Enter');
  await field(page, label).locator('[data-mark]', { hasText: 'Saved' }).waitFor();
}

/** Names of files below a folder that hold these bytes. */
function holding(folder, bytes) {
  return readdirSync(folder, { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((path) => statSync(path).isFile() && readFileSync(path).includes(bytes));
}

browserTest('a value is entered, corrected with a reason, and its history shows both', async (page) => {
  await withSubject(page);
  await openForm(page, 'Vital signs');
  await enter(page, 'Systolic blood pressure', '132');
  await enter(page, 'Diastolic blood pressure', '84');
  await enter(page, 'Pulse', '72');
  await saved(page).waitFor();

  const pulse = field(page, 'Pulse');
  await pulse.locator('.control input').fill('76');
  await pulse.locator('.control input').press('Tab');
  await pulse.getByText('Why does it change from').waitFor();
  assert.match(await page.locator('#saved').textContent(), /Not saved: say why Pulse changes/);
  await assertAccessible(page);
  await pulse.getByRole('button', { name: 'Typing error' }).click();
  await pulse.locator('[data-mark]', { hasText: 'Saved' }).waitFor();
  await saved(page).waitFor();

  await pulse.getByRole('link', { name: 'History of Pulse' }).click();
  const panel = page.locator('.panel');
  await panel.locator('del', { hasText: '72' }).waitFor();
  assert.match(await panel.locator('li.now').textContent(), /76.*Reason: Typing error/s);
  await assertAccessible(page);
  await panel.getByRole('link', { name: 'Open as a page' }).click();

  await page.locator('main del', { hasText: '72' }).waitFor();
  const now = page.locator('main li.now');
  assert.match(await now.textContent(), /76.*Coordinator.*Reason: Typing error/s);
  await now.getByRole('link', { name: /Proof: entry/ }).click();
  await page.getByText('The proof that it is in the signed ledger').waitFor();
});

browserTest('a hard check keeps a value out, a soft one asks why it is kept', async (page) => {
  await withSubject(page);
  await openForm(page, 'Vital signs');
  const systolic = field(page, 'Systolic blood pressure');
  await systolic.locator('.control input').fill('400');
  await systolic.locator('.control input').press('Tab');
  await systolic.locator('.hard').waitFor();
  assert.match(await page.locator('#saved').textContent(), /Not saved: 1 value to look at/);
  await enter(page, 'Systolic blood pressure', '185');
  await systolic.locator('.soft').waitFor();
  await systolic.getByLabel('Keep, because').fill('measured twice');
  await systolic.getByRole('button', { name: 'Keep it' }).click();
  await systolic.getByText('Kept, because measured twice').waitFor();
  await page.reload();
  await systolic.getByText('Kept, because measured twice').waitFor();
  await assertAccessible(page);
});

browserTest('a value typed here is nowhere in the data directory in clear', async (page) => {
  const canary = `heron${Math.random().toString(36).slice(2, 12)}`;
  await withSubject(page);
  await openForm(page, 'Demography');
  await enter(page, 'Occupation', canary);
  await page.reload();
  assert.equal(await field(page, 'Occupation').locator('.control input').inputValue(), canary);
  const folder = join(dirname(process.env.PROBITY_ACCOUNTS), 'data');
  assert.deepEqual(holding(folder, canary), []);
  const databases = readdirSync(folder, { recursive: true }).filter((name) => String(name).endsWith('.db'));
  assert.ok(databases.length > 0, `no database below ${folder}`);
  for (const name of databases) {
    const head = readFileSync(join(folder, String(name))).subarray(0, 15).toString('latin1');
    assert.notEqual(head, 'SQLite format 3', `${name} has a plain header`);
  }
});

browserTest('a visit is entered with the keyboard alone', async (page) => {
  await withSubject(page);
  await openForm(page, 'Vital signs');
  await field(page, 'Systolic blood pressure').locator('.control input').focus();
  for (const value of ['128', '82', '68']) {
    await page.keyboard.type(value);
    await page.keyboard.press('Enter');
  }
  await field(page, 'Pulse').locator('[data-mark]', { hasText: 'Saved' }).waitFor();
  assert.ok(
    await field(page, 'Temperature').locator('.control input').evaluate((input) => input === document.activeElement),
    'Enter went on to the next field',
  );
  await saved(page).waitFor();
  await page.keyboard.press('Alt+ArrowRight');
  await page.waitForURL((address) => !address.pathname.includes('F.VS'));
  await page.keyboard.press('Alt+ArrowLeft');
  await page.waitForURL(/F\.VS/);
  assert.equal(await field(page, 'Pulse').locator('.control input').inputValue(), '68');
  await page.locator('h1').click();
  await page.keyboard.press('/');
  assert.ok(await page.locator('#search').evaluate((input) => input === document.activeElement), '/ goes to the search');
});

browserTest('what is typed while an answer is still being read is saved after it, under its revision', async (page) => {
  await page.addInitScript(() => {
    const read = Response.prototype.json;
    Response.prototype.json = async function slowly() {
      const told = await read.call(this);
      await new Promise((done) => setTimeout(done, 250));
      return told;
    };
  });
  await withSubject(page);
  await openForm(page, 'Vital signs');
  await field(page, 'Systolic blood pressure').locator('.control input').focus();
  for (const value of ['128', '82', '68']) {
    await page.keyboard.type(value, { delay: 40 });
    await page.keyboard.press('Enter');
  }
  await saved(page).waitFor();
  await page.reload();
  assert.equal(await field(page, 'Systolic blood pressure').locator('.control input').inputValue(), '128');
  assert.equal(await field(page, 'Pulse').locator('.control input').inputValue(), '68');
});

browserTest('rows are added and copied by keys', async (page) => {
  await withSubject(page);
  await openForm(page, 'Concomitant medication');
  const cell = (row, column) => page.locator(`tr[data-row="${row}"] [data-item="${column}"] .control :is(input, select)`).first();
  await cell(1, 'I.CMTRT').fill('Ramipril');
  await cell(1, 'I.CMTRT').press('Alt+Enter');
  await cell(2, 'I.CMTRT').press('Control+d');
  await page.locator('tr[data-row="2"] [data-item="I.CMTRT"] [data-mark]', { hasText: 'Saved' }).waitFor();
  assert.equal(await cell(2, 'I.CMTRT').inputValue(), 'Ramipril');
  await assertAccessible(page);
  await page.reload();
  assert.equal(await cell(2, 'I.CMTRT').inputValue(), 'Ramipril');
});

browserTest('without scripts, the button saves and a change asks its reason', async (page) => {
  await withSubject(page);
  await openForm(page, 'Vital signs');
  const pulse = field(page, 'Pulse');
  await pulse.locator('.control input').fill('70');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await saved(page).waitFor();
  await pulse.locator('.control input').fill('71');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await pulse.getByText('say why the saved value changes').waitFor();
  assert.equal(await pulse.locator('.control input').inputValue(), '71', 'what was typed is kept');
  await pulse.getByLabel('Source corrected').check();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await saved(page).waitFor();
  await pulse.getByRole('link', { name: 'History of Pulse' }).click();
  await page.locator('del', { hasText: '70' }).waitFor();
  assert.match(await page.locator('li.now').textContent(), /71.*Reason: Source corrected/s);
}, { javaScriptEnabled: false });

browserTest('a lost connection keeps what was typed, says so, and saves it once', async (page) => {
  await withSubject(page);
  await openForm(page, 'Vital signs');
  const sent = [];
  await page.route('**/api/v1/subjects/**', async (route) => {
    if (route.request().method() !== 'PUT') return route.continue();
    sent.push(route.request().headers()['idempotency-key']);
    return sent.length < 3 ? route.abort('connectionfailed') : route.continue();
  });
  const pulse = field(page, 'Pulse');
  await pulse.locator('.control input').fill('66');
  await pulse.locator('.control input').press('Enter');
  await page.locator('#saved', { hasText: 'Not saved: no connection. What you typed is kept' }).waitFor();
  assert.equal(await pulse.locator('.control input').inputValue(), '66');
  await saved(page).waitFor();
  assert.equal(sent.length, 3);
  assert.equal(new Set(sent).size, 1, 'one request id for every try');
  await page.reload();
  assert.equal(await pulse.locator('.control input').inputValue(), '66');
});

browserTest('a form that somebody else saved meanwhile is not overwritten', async (page) => {
  await withSubject(page);
  await openForm(page, 'Vital signs');
  const other = await page.context().newPage();
  await other.goto(page.url());
  await enter(other, 'Pulse', '60');
  const systolic = field(page, 'Systolic blood pressure');
  await systolic.locator('.control input').fill('120');
  await systolic.locator('.control input').press('Enter');
  await page.locator('#saved', { hasText: 'Not saved: someone saved this form meanwhile' }).waitFor();
  assert.equal(await systolic.locator('.control input').inputValue(), '120', 'what was typed is kept');
  page.on('dialog', (dialog) => dialog.accept());
  await page.close({ runBeforeUnload: false });
});

for (const viewport of [{ width: 390, height: 844 }, { width: 1440, height: 900 }]) {
  for (const colorScheme of ['light', 'dark']) {
    browserTest(`a form is accessible ${viewport.width} wide in ${colorScheme}`, async (page) => {
      await withSubject(page);
      await assertAccessible(page);
      for (const name of ['Demography', 'Adverse event', 'Laboratory']) {
        await openForm(page, name);
        await assertAccessible(page);
        assert.ok(
          await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth),
          `${name} does not scroll sideways`,
        );
        await page.goBack();
      }
    }, { viewport, colorScheme });
  }
}
