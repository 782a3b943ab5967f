// The one script: autosave and live checks on forms, keys, the history panel, and the session's last minutes.
// Every page works without it. It builds elements and sets text, and never parses markup. What is typed stays in
// the page: nothing clinical is put into any storage of the browser.
'use strict';

document.documentElement.classList.remove('no-script');

const one = (selector, within = document) => within.querySelector(selector);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

/** An element with text and attributes. */
function make(name, text = '', attributes = {}) {
  const element = document.createElement(name);
  if (text) element.textContent = text;
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

const sprite = one('svg.icon use')?.getAttribute('href').split('#')[0] ?? '/assets/icons.svg';

function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  use.setAttribute('href', `${sprite}#${name}`);
  svg.append(use);
  return svg;
}

const clock = (at) => new Date(at).toISOString().slice(11, 19);
const grouped = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, ',');
const moment = (at) => {
  const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' });
  return `${day.format(new Date(at)).replace('Sept', 'Sep')}, ${clock(at)} UTC`;
};

// The frame: search by key, lists that filter as one types, the session's end.

document.addEventListener('keydown', (event) => {
  const typing = event.target.closest?.('input, textarea, select, [contenteditable]');
  if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    const search = one('#search');
    if (search) {
      event.preventDefault();
      search.focus();
      search.select();
    }
  }
});

for (const form of all('form[data-filter]')) {
  let soon = 0;
  const input = one('input[type=search]', form);
  // One was typing when this list came: go on at the end of it.
  if (location.hash === '#filter') {
    input.focus();
    input.setSelectionRange(input.value.length, input.value.length);
  }
  input.addEventListener('input', () => {
    clearTimeout(soon);
    soon = setTimeout(() => {
      const address = new URL(form.action);
      for (const [name, value] of new FormData(form)) if (value) address.searchParams.set(name, value);
      address.hash = 'filter';
      location.replace(address);
    }, 250);
  });
  one('select', form)?.addEventListener('change', () => form.requestSubmit());
}

for (const field of all('input[data-address]')) {
  field.value = new URL(field.dataset.address, location.origin).href;
  field.addEventListener('focus', () => field.select());
}

for (const form of all('form[data-drop]')) {
  form.addEventListener('dragover', (event) => event.preventDefault());
  form.addEventListener('drop', (event) => {
    event.preventDefault();
    for (const file of event.dataTransfer.files) {
      const wanted = one(file.name.endsWith('.entry') ? '#entry' : '#proof', form);
      const files = new DataTransfer();
      files.items.add(file);
      wanted.files = files.files;
    }
  });
}

const session = (() => {
  // The server says how long is left, not until when: this machine's clock may be another.
  const idle = Number(document.body.dataset.sessionLeft ?? NaN) * 1000;
  if (Number.isNaN(idle)) return { used() {}, over() {}, keep() {} };
  let ends = Date.now() + idle;
  let warning = null;
  /** Whether something was typed that is not saved. */
  let holds = () => false;
  /** The page, out of the document, while its session is over. */
  let page = null;

  /** A request of the person's was answered: the session lasts its full time again. */
  function used(left = idle) {
    ends = Date.now() + left;
    warning?.remove();
    warning = null;
    if (page) document.body.append(page);
    page = null;
    show();
  }

  /** Asks the server, which alone knows: the session may have been used in another tab. */
  async function look(alone) {
    const headers = { Accept: 'application/json', ...(alone ? { 'Probity-Background': '1' } : {}) };
    const answer = await fetch('/api/v1/session', { headers }).catch(() => null);
    if (answer?.status === 401 || (alone && !answer?.ok)) over();
    if (!answer?.ok) return;
    const { person, ends: until } = await answer.json();
    // What waits here is of whoever typed it.
    if (person !== document.body.dataset.person) location.replace('/');
    else used(Date.parse(until) - Date.parse(answer.headers.get('Date')));
  }

  /** Nothing that a session showed stays when it is over. What was typed and not saved waits out of sight. */
  function over() {
    ends = 0;
    if (!holds()) {
      location.replace(`/sign-in?said=ended&next=${encodeURIComponent(location.pathname)}`);
      return;
    }
    warning?.remove();
    if (!page) {
      page = document.createDocumentFragment();
      page.append(...document.body.childNodes);
    }
    const text = 'What you typed and did not save is kept. Sign in again in another tab, then go on here.';
    warn('Your session has ended.', text, () => {
      const actions = make('div');
      const back = make('button', 'Go on', { type: 'button' });
      back.addEventListener('click', () => look(false));
      actions.append(make('a', 'Sign in again', { href: '/sign-in', target: '_blank', class: 'button' }), ' ', back);
      return actions;
    });
    warning.dataset.over = 'yes';
  }

  function warn(head, text, action) {
    warning?.remove();
    warning = make('div', '', { class: 'notice warn warning', role: 'alert' });
    const words = make('div');
    words.append(make('strong', head), make('p', text), action());
    warning.append(icon('clock'), words);
    document.body.append(warning);
  }

  function show() {
    const left = Math.max(0, ends - Date.now());
    const minutes = one('#session-minutes');
    if (minutes) minutes.textContent = Math.ceil(left / 60_000);
    if (left === 0) {
      if (!warning?.dataset.over) look(true);
    } else if (left < 120_000 && !warning) {
      warn('Your session ends in less than 2 minutes.', 'It ends after 10 minutes in which nothing was saved or opened.', () => {
        const button = make('button', 'Stay signed in', { type: 'button' });
        button.addEventListener('click', () => look(false));
        return button;
      });
    }
  }

  setInterval(show, 5_000);
  return { used, over, keep: (whether) => { holds = whether; } };
})();

// The form

const sheet = one('#sheet');
if (sheet) openSheet(sheet);

function openSheet(form) {
  const saved = one('#saved');
  const editable = form.hasAttribute('data-editable');
  let revision = Number(form.dataset.revision);
  /** Fields that were typed in and not saved yet, in that order. */
  const waiting = new Map();
  let running = null;
  let stopped = '';

  form.addEventListener('click', onClick);
  document.addEventListener('keydown', onKey);
  document.addEventListener('click', onHistory);
  if (!editable) return;
  session.keep(() => waiting.size > 0);

  form.addEventListener('change', (event) => {
    const field = event.target.closest('.field');
    if (event.target.matches('[data-picked]')) return picked(event.target);
    if (field && !event.target.matches('[data-own], [data-because]')) typed(field);
  });
  form.addEventListener('input', (event) => {
    const field = event.target.closest('.field');
    if (field && !event.target.matches('[data-own], [data-because], [data-picked]')) check(field);
  });
  form.addEventListener('submit', (event) => {
    const button = event.submitter;
    event.preventDefault();
    if (button?.hasAttribute('data-remove')) removeRow(button);
    else finish(button?.dataset.complete);
  });
  window.addEventListener('beforeunload', (event) => {
    if (waiting.size || running) event.preventDefault();
  });
  window.addEventListener('online', () => running?.again?.());

  // Values

  function value(field) {
    const radios = all('input[type=radio]', one('.control', field));
    if (radios.length) return radios.find((radio) => radio.checked)?.value ?? '';
    const control = one('.control :is(input, select, textarea):not([data-unit], [data-picked])', field);
    return control ? control.value.trim() : '';
  }

  const unit = (field) => one('[data-unit]', field)?.value ?? '';
  const wasSaved = (field) => field.dataset.saved !== '';
  const differs = (field) =>
    value(field) !== field.dataset.saved.trim() ||
    (value(field) !== '' && one('[data-unit]', field) && unit(field) !== field.dataset.savedUnit);

  function put(field, text, unitCode) {
    const radios = all('input[type=radio]', one('.control', field));
    if (radios.length) for (const radio of radios) radio.checked = radio.value === text;
    else one('.control :is(input, select, textarea):not([data-unit], [data-picked])', field).value = text;
    const units = one('[data-unit]', field);
    if (units) units.value = unitCode;
  }

  function mark(field, state, words = '', name = '') {
    field.dataset.state = state;
    const place = one('[data-mark]', field);
    place.className = `mark ${{ saved: 'good', unsaved: 'warn', held: 'warn', refused: 'bad' }[state] ?? ''}`;
    place.replaceChildren(...(words ? [icon(name), document.createTextNode(words)] : []));
  }

  function problem(field, words) {
    one('[data-problem]', field)?.remove();
    const controls = all('.control :is(input, select, textarea, [role=radiogroup])', field).filter((c) => !c.matches('[type=radio], [data-picked]'));
    for (const control of controls) control.toggleAttribute('aria-invalid', false);
    if (!words) return;
    for (const control of controls) control.setAttribute('aria-invalid', 'true');
    const line = make('p', '', { class: 'hard', 'data-problem': '' });
    line.append(icon('stop'), make('span', words));
    one('[data-about]', field).prepend(line);
  }

  // Checks while one types. The server makes all of them again when it saves.

  function check(field) {
    for (const line of all('[data-soft], [data-keep-here], .keep, .kept', one('[data-about]', field))) line.remove();
    problem(field, '');
    const text = value(field);
    if (!field.dataset.checks || text === '' || !differs(field)) return true;
    const failed = JSON.parse(field.dataset.checks).filter((rule) => fails(rule, field, text));
    const hard = failed.find((rule) => rule.hard);
    if (hard) problem(field, says(hard));
    for (const rule of failed.filter((rule) => !rule.hard)) {
      const line = make('p', '', { class: 'soft', 'data-soft': '' });
      line.append(icon('warn'), make('span', says(rule)));
      one('[data-about]', field).append(line);
    }
    if (failed.some((rule) => !rule.hard)) one('[data-about]', field).append(one('#keep-blank').content.cloneNode(true));
    return !hard;
  }

  function fails(rule, field, text) {
    const units = one('[data-unit]', field);
    if (rule.unit && units && units.value !== rule.unit) return false;
    const order = (other) => {
      const [a, b] = [Number(text), Number(other)];
      if (text !== '' && Number.isFinite(a) && Number.isFinite(b)) return Math.sign(a - b);
      // Whole dates and times compare as text; anything else is the server's to say.
      if (/^\d{4}-\d\d-\d\d/.test(text) && /^\d{4}-\d\d-\d\d/.test(other)) return text < other ? -1 : text > other ? 1 : 0;
      return text === other ? 0 : NaN;
    };
    const orders = rule.of.map(order);
    if (rule.is === 'IN') return !rule.of.some((other) => other === text || order(other) === 0);
    if (rule.is === 'NOTIN') return rule.of.some((other) => other === text || order(other) === 0);
    const holds = { LT: (o) => o < 0, LE: (o) => o <= 0, GT: (o) => o > 0, GE: (o) => o >= 0, EQ: (o) => o === 0, NE: (o) => o !== 0 }[rule.is];
    return orders.some((o) => !Number.isNaN(o) && !holds(o));
  }

  function says(rule) {
    if (rule.says) return rule.says;
    const words = { LT: 'less than', LE: 'at most', GT: 'more than', GE: 'at least', EQ: '', NE: 'anything but', IN: 'one of', NOTIN: 'none of' };
    return `Expected ${words[rule.is]} ${rule.of.join(', ')}.`.replace('  ', ' ');
  }

  // Saving

  function typed(field) {
    closeReason(field);
    if (!differs(field)) {
      waiting.delete(field);
      check(field);
      mark(field, '');
      return report();
    }
    if (!check(field)) {
      waiting.delete(field);
      mark(field, 'refused', 'Not saved', 'stop');
      return report();
    }
    if (all('[data-unit]', field).some((units) => value(field) !== '' && units.value === '')) {
      mark(field, 'held', 'Choose the unit', 'warn');
      return report();
    }
    waiting.set(field, { because: field.dataset.because ?? null });
    if (wasSaved(field)) return askReason(field);
    mark(field, 'unsaved', 'Not saved yet', 'clock');
    return save();
  }

  function askReason(field) {
    mark(field, 'held', 'Say why', 'warn');
    waiting.get(field).held = true;
    const box = one('#reason-blank').content.cloneNode(true).firstElementChild;
    const label = labelOf(field);
    box.setAttribute('aria-label', `Reason for the change of ${label}`);
    one('[data-why]', box).append('Why does it change from ', make('del', shownText(field, field.dataset.saved)), '?');
    one('[data-about]', field).append(box);
    report();
  }

  function closeReason(field) {
    for (const box of all('.reason', field)) box.remove();
  }

  function give(field, reason) {
    const entry = waiting.get(field);
    if (!entry || !reason.trim()) return;
    entry.reason = reason.trim();
    entry.held = false;
    closeReason(field);
    mark(field, 'unsaved', 'Not saved yet', 'clock');
    save();
    focusable(field)?.focus();
  }

  function change(field, entry) {
    return {
      group: field.dataset.group,
      group_repeat: field.dataset.repeat,
      item: field.dataset.item,
      value: value(field) || null,
      unit: unit(field) || null,
      reason: entry.reason ?? null,
      because: entry.because ?? null,
    };
  }

  /** Sends what is ready, one request at a time. */
  async function save(extra = {}) {
    if (running) return running.then(() => save(extra));
    if (stopped) return report();
    const ready = [...waiting].filter(([, entry]) => !entry.held);
    if (!ready.length && extra.complete === undefined && !extra.removed) return report();
    const body = { revision, changes: ready.map(([field, entry]) => change(field, entry)), ...extra };
    const sent = ready.map(([field]) => [field, value(field), unit(field)]);
    let finished;
    running = new Promise((done) => { finished = done; });
    report();
    const { status, told } = await send(crypto.randomUUID(), JSON.stringify(body));
    running = null;
    // Nothing is waited for between here and the new revision: what is typed meanwhile is sent under that one.
    const more = taken(status, told, sent, extra);
    finished();
    if (more) return save();
    return status === 200;
  }

  /** One request under one id, tried until an answer comes: the server does it once however often it arrives. */
  async function send(request, body) {
    for (let tries = 0; ; tries += 1) {
      try {
        const answer = await fetch(form.dataset.api, {
          method: 'PUT',
          headers: { 'Content-Type': 'application/json', 'Idempotency-Key': request },
          body,
        });
        if (answer.status !== 503 && answer.status !== 502 && answer.status !== 504) {
          // An answer that breaks off is asked for again; a failure that is not ours may have no words.
          const told = answer.ok ? await answer.json() : await answer.json().catch(() => ({}));
          return { status: answer.status, told };
        }
        await pause(tries, Number(answer.headers.get('Retry-After')) || 0, 'the server is busy');
      } catch {
        await pause(tries, 0, 'no connection');
      }
    }
  }

  function pause(tries, least, why) {
    const seconds = Math.max(least, Math.min(30, 2 ** tries));
    say('bad', `Not saved: ${why}. What you typed is kept on this page; trying again in ${seconds} s`, 'stop');
    return new Promise((again) => {
      const later = setTimeout(again, seconds * 1_000);
      if (running) running.again = () => { clearTimeout(later); again(); };
    });
  }

  /** What the answer means for each field; says what is to be sent next, if anything. */
  function taken(status, told, sent, extra) {
    if (status === 200) {
      const { revision: now, receipt } = told;
      revision = now;
      all('input[name=revision]').forEach((input) => { input.value = now; });
      for (const [field, text, unitCode] of sent) {
        const entry = waiting.get(field);
        field.dataset.saved = text;
        field.dataset.savedUnit = unitCode;
        if (value(field) === text && unit(field) === unitCode) {
          waiting.delete(field);
          mark(field, 'saved', 'Saved', 'check');
          kept(field, entry?.because);
        } else if (entry) delete entry.reason;
        historyLink(field);
      }
      session.used();
      stopped = '';
      if (extra.complete !== undefined || extra.removed) {
        waiting.clear();
        location.assign(form.dataset.page);
        return false;
      }
      last = receipt;
      report();
      return [...waiting.values()].some((entry) => !entry.held);
    }
    if (status === 401) {
      stopped = 'your session has ended. Press Save';
      session.over();
      report();
      stopped = '';
      return false;
    }
    if (status === 409) {
      stopped = `${told.detail ?? 'someone saved this form meanwhile'}. Copy what you typed, then load the form again`;
      for (const [field] of sent) mark(field, 'refused', 'Not saved', 'stop');
      report();
      return false;
    }
    return refused(told, sent, extra);
  }

  function refused(told, sent, extra) {
    const fields = told.fields ?? [];
    let elsewhere = '';
    let first = null;
    const met = new Set();
    for (const refusal of fields) {
      const field = all('.field').find((one) => one.dataset.name === refusal.field);
      if (!field) {
        elsewhere ||= refusal.message;
        continue;
      }
      met.add(field);
      first ??= field;
      if (refusal.code === 'reason_needed' && waiting.has(field)) {
        askReason(field);
      } else {
        waiting.delete(field);
        problem(field, refusal.message);
        mark(field, 'refused', refusal.code === 'missing' ? 'Needed' : 'Not saved', 'stop');
      }
    }
    if (!met.size) {
      for (const [field] of sent) {
        waiting.delete(field);
        mark(field, 'refused', 'Not saved', 'stop');
      }
    }
    report(elsewhere || (met.size ? '' : told.detail ?? 'the server refused it'));
    if (extra.complete && first) focusable(first)?.focus();
    // What was not refused goes on its own.
    const rest = sent.filter(([field]) => !met.has(field) && waiting.has(field));
    return met.size > 0 && rest.length > 0;
  }

  let last = null;

  function say(kind, words, name, link) {
    saved.className = `saved ${kind}`;
    const text = link ? make('a', words, { href: link }) : make('span', words);
    saved.replaceChildren(...(name ? [icon(name)] : []), text);
  }

  /** The foot says what is true now. */
  function report(refusal = '') {
    const held = [...waiting].filter(([, entry]) => entry.held).map(([field]) => field);
    const wrong = all('.field[data-state=refused]').length;
    if (stopped) say('bad', `Not saved: ${stopped}`, 'stop');
    else if (refusal) say('bad', `Not saved: ${refusal}`, 'stop');
    else if (running) say('warn', 'Saving …', 'clock');
    else if (held.length) say('warn', `Not saved: say why ${labelOf(held[0])} changes`, 'warn');
    else if (wrong) say('bad', `Not saved: ${wrong} ${wrong === 1 ? 'value' : 'values'} to look at`, 'stop');
    else if (waiting.size) say('warn', 'Not saved yet', 'clock');
    else if (last) {
      const ledger = form.dataset.ledger;
      const link = ledger ? `/ledgers/${ledger}/entries/${last.index}/proof` : null;
      say('good', `Saved ${clock(last.at)} UTC, entry ${grouped(last.index)}`, 'check', link);
    }
  }

  async function finish(complete) {
    for (const field of all('.field')) {
      if (!waiting.has(field) && differs(field) && !field.dataset.state) typed(field);
    }
    if (complete === undefined) return save();
    const extra = { complete: complete === 'yes' };
    if (complete === 'no') extra.reason = one('#reopen')?.value.trim() || null;
    if ([...waiting.values()].some((entry) => entry.held)) return report();
    return save(extra);
  }

  async function removeRow(button) {
    const [group, repeat] = [button.value.slice(0, button.value.lastIndexOf('[')), button.closest('tr').dataset.row];
    const why = one('input', button.closest('details'));
    if (!why.value.trim()) {
      why.focus();
      return report('say why the row goes');
    }
    return save({ removed: [{ group, group_repeat: repeat, reason: why.value.trim() }] });
  }

  function kept(field, because) {
    if (!because) return;
    delete field.dataset.because;
    for (const box of all('.keep', field)) box.remove();
    one('[data-about]', field).append(make('p', `Kept, because ${because}`, { class: 'kept' }));
  }

  function historyLink(field) {
    if (one('[data-history]', field)) return;
    const part = (text) => (text === '' ? '-' : encodeURIComponent(text));
    const { group, repeat, item } = field.dataset;
    const link = make('a', '', { href: `${form.dataset.page}/history/${part(group)}/${part(repeat)}/${part(item)}`, 'data-history': '' });
    link.append(icon('history'), ' History', make('span', ` of ${labelOf(field)}`, { class: 'unseen' }));
    one('.gutter', field).append(link);
  }

  // Words

  function labelOf(field) {
    if (field.dataset.column) {
      return `${headOf(field)}, row ${field.dataset.repeat}`;
    }
    const label = one('.label label, .label > span', field);
    return label ? label.firstChild.textContent.trim() : field.dataset.item;
  }

  const headOf = (field) => document.getElementById(field.dataset.column)?.firstChild.textContent.trim() ?? field.dataset.item;

  /** A code as its words. */
  function shownText(field, code) {
    const radio = all('input[type=radio]', one('.control', field)).find((input) => input.value === code);
    if (radio) return radio.parentElement.textContent.trim();
    const option = all('.control select:not([data-unit]) option', field).find((choice) => choice.value === code);
    return option ? option.textContent : code;
  }

  // Rows

  function addRow(group, focus = true) {
    const blank = one('template[data-blank]', group);
    if (!blank) return null;
    const number = group.dataset.next;
    group.dataset.next = String(Number(number) + 1);
    const row = blank.content.firstElementChild.cloneNode(true);
    for (const element of [row, ...all('*', row)]) {
      for (const attribute of [...element.attributes]) {
        if (attribute.value.includes('__row__')) element.setAttribute(attribute.name, attribute.value.replaceAll('__row__', number));
      }
    }
    one('th', row).textContent = number;
    for (const text of all('.unseen', row)) text.textContent = text.textContent.replace('__row__', number);
    one('tbody', group).append(row);
    if (focus) focusable(row)?.focus();
    return row;
  }

  function copyDown(field) {
    const above = field.closest('tr').previousElementSibling;
    const from = above && all('.field', above)[all('.field', field.closest('tr')).indexOf(field)];
    if (!from) return;
    put(field, value(from), unit(from));
    typed(field);
  }

  function picked(input) {
    const [year, month, day] = input.value.split('-');
    if (!day) return;
    const months = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
    const field = input.closest('.field');
    const text = one('.control input:not([data-picked])', field);
    text.value = `${day}/${months[Number(month) - 1]}/${year}`;
    text.focus();
    typed(field);
  }

  // Mouse and keys

  function onClick(event) {
    const button = event.target.closest('button');
    if (!button) return;
    const field = button.closest('.field');
    if (button.hasAttribute('data-add')) addRow(button.closest('[data-rows]'));
    else if (button.hasAttribute('data-copy')) for (const cell of all('.field', button.closest('tr'))) { if (value(cell) === '') copyDown(cell); }
    else if (button.hasAttribute('data-pick')) one('[data-picked]', field).showPicker();
    else if (button.dataset.reason) give(field, button.dataset.reason);
    else if (button.hasAttribute('data-own-save')) give(field, one('[data-own]', field).value);
    else if (button.hasAttribute('data-back')) {
      put(field, field.dataset.saved, field.dataset.savedUnit);
      typed(field);
      focusable(field)?.focus();
    } else if (button.hasAttribute('data-keep')) keep(field);
  }

  function keep(field) {
    const because = one('[data-because]', field).value.trim();
    if (!because) return one('[data-because]', field).focus();
    const entry = waiting.get(field);
    if (entry) {
      entry.because = because;
      return entry.held ? report() : save();
    }
    // The value stands already: only the reason for keeping it is new.
    waiting.set(field, { because });
    mark(field, 'unsaved', 'Not saved yet', 'clock');
    return save();
  }

  const focusable = (within) => one('.control :is(input:not([type=radio], [data-picked]), select, textarea, input[type=radio]:checked), .control input[type=radio]', within);

  /** Where Enter goes on to: each field once, a group of radio buttons as one. */
  function stops() {
    return all('.field').map(focusable).filter((control) => control && !control.disabled);
  }

  function onKey(event) {
    const field = event.target.closest?.('#sheet .field');
    if (event.altKey && !event.ctrlKey && (event.key === 'ArrowLeft' || event.key === 'ArrowRight')) {
      const link = one(event.key === 'ArrowLeft' ? 'a[rel=prev]' : 'a[rel=next]');
      if (link) {
        event.preventDefault();
        leave(event.target, link.href);
      }
      return;
    }
    if (!field || !editable) return;
    if (event.target.matches('[data-own]') && event.key === 'Enter') {
      event.preventDefault();
      give(field, event.target.value);
    } else if (event.target.matches('[data-because]') && event.key === 'Enter') {
      event.preventDefault();
      keep(field);
    } else if (event.key === 'Enter' && event.altKey && field.dataset.column) {
      event.preventDefault();
      addRow(field.closest('[data-rows]'));
    } else if (event.key.toLowerCase() === 'd' && event.ctrlKey && field.dataset.column) {
      event.preventDefault();
      copyDown(field);
    } else if (event.key === 'Enter' && !event.shiftKey && !event.altKey && event.target.matches('input, select')) {
      event.preventDefault();
      goOn(field, event.target);
    }
  }

  function goOn(field, from) {
    // A reason that is asked comes before the next field.
    from.blur();
    const reason = one('.reason button', field);
    if (reason) return reason.focus();
    const all = stops();
    const at = all.findIndex((control) => field.contains(control));
    (all[at + 1] ?? one('#save'))?.focus();
  }

  async function leave(from, address) {
    from.blur?.();
    await (running ?? Promise.resolve());
    if (!waiting.size) location.assign(address);
    else report();
  }

  // The history of an item, beside the form.

  async function onHistory(event) {
    const link = event.target.closest('a[data-history]');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    const field = link.closest('.field');
    const answer = await fetch(`/api/v1${new URL(link.href).pathname}`, { headers: { Accept: 'application/json' } }).catch(() => null);
    if (!answer?.ok) return location.assign(link.href);
    session.used();
    panel(`History of ${labelOf(field)}`, versions(field, (await answer.json()).versions), link);
  }

  function versions(field, list) {
    const lines = make('ol', '', { class: 'versions', reversed: '' });
    list.slice().reverse().forEach((version, at) => {
      const line = make('li', '', at === 0 ? { class: 'now' } : {});
      const text = version.value === null || version.value === undefined ? null : version.value.value ?? version.value.as;
      if (version.removed) line.append(make('span', 'Row taken away', { class: 'value' }), make('p', `Reason: ${version.removed}`));
      else if (text === null) line.append(make('span', 'Value taken away', { class: 'value' }));
      else line.append(make(at === 0 ? 'span' : 'del', unitText(field, text, version.unit), { class: 'value' }));
      const words = text === null ? '' : shownText(field, text);
      if (words && words !== text) line.append(make('span', words, { class: 'muted' }));
      const who = make('p');
      who.append(make('strong', version.who), `, ${version.role.replaceAll('_', ' ')}`, version.imported ? ' (imported from a file)' : '');
      line.append(who, make('p', moment(version.at), { class: 'muted' }));
      if (version.reason) line.append(make('p', `Reason: ${version.reason.value ?? version.reason.as}`));
      for (const finding of version.findings) line.append(make('p', finding, { class: 'soft' }));
      if (version.because) line.append(make('p', `Kept, because ${version.because.value ?? version.because.as}`));
      const proof = make('a', '', { href: `/ledgers/${version.ledger}/entries/${version.entry}/proof` });
      proof.append(icon('proof'), ` Proof: entry ${grouped(version.entry)}`);
      const small = make('p', '', { class: 'small' });
      small.append(proof);
      line.append(small);
      lines.append(line);
    });
    return lines;
  }

  function unitText(field, text, code) {
    if (!code) return text;
    const choice = all('[data-unit] option', field).find((option) => option.value === code);
    return `${text} ${choice?.textContent ?? one('.unit', field)?.textContent ?? code}`;
  }

  function panel(title, content, opener) {
    one('.panel')?.remove();
    const aside = make('aside', '', { class: 'panel', 'aria-label': title });
    const head = make('header');
    const close = make('button', '', { type: 'button', class: 'small', 'aria-label': 'Close the history' });
    close.append(icon('close'), ' Close');
    const shut = () => {
      aside.remove();
      opener.focus();
    };
    close.addEventListener('click', shut);
    aside.addEventListener('keydown', (event) => { if (event.key === 'Escape') shut(); });
    head.append(make('h2', title), close);
    const body = make('div', '', { tabindex: '0', role: 'group', 'aria-label': title });
    const page = make('p', '', { class: 'small' });
    page.append(make('a', 'Open as a page', { href: opener.href }));
    body.append(content, page);
    aside.append(head, body);
    document.body.append(aside);
    close.focus();
  }
}
