// Passkeys: asks the browser to make or use one, puts what it gives into the form, and sends the form. What it gives is
// judged by the server. Pages work without this script, with passwords and codes.
'use strict';

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (letter) => letter.charCodeAt(0));
const coded = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
const credentials = (known) => known.split(' ').filter(Boolean).map((id) => ({ type: 'public-key', id: bytes(id) }));

/** What is to be signed: it lasts two minutes, so it is fetched when it is needed. */
async function asked() {
  const answer = await fetch('/api/v1/challenge', { headers: { Accept: 'application/json' } });
  if (!answer.ok) throw new Error('the server did not answer');
  return answer.json();
}

async function made({ user, userName, known }) {
  const { challenge, host, algorithms } = await asked();
  const { rawId, response } = await navigator.credentials.create({
    publicKey: {
      challenge: bytes(challenge),
      rp: { id: host, name: 'Probity' },
      user: { id: bytes(user), name: userName, displayName: userName },
      pubKeyCredParams: algorithms.map((alg) => ({ type: 'public-key', alg })),
      authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'required' },
      attestation: 'none',
      excludeCredentials: credentials(known ?? ''),
      timeout: 110_000,
    },
  });
  return { credential: coded(rawId), client_data: coded(response.clientDataJSON), attestation: coded(response.attestationObject) };
}

async function used({ known }) {
  const { challenge, host } = await asked();
  const { rawId, response } = await navigator.credentials.get({
    publicKey: {
      challenge: bytes(challenge),
      rpId: host,
      userVerification: 'required',
      allowCredentials: credentials(known ?? ''),
      timeout: 110_000,
    },
  });
  return {
    credential: coded(rawId),
    client_data: coded(response.clientDataJSON),
    authenticator_data: coded(response.authenticatorData),
    signature: coded(response.signature),
    user: response.userHandle ? coded(response.userHandle) : '',
  };
}

/** Why it came to nothing, in words that say what to do. */
function why(error) {
  if (error.name === 'InvalidStateError') return 'This device has a passkey for your account already.';
  if (error.name === 'NotAllowedError') return 'Nothing was done: it was cancelled or took too long. Try again, or choose another way.';
  if (error.name === 'SecurityError') return 'Passkeys do not work at this address. Open Probity by its host name.';
  return 'Your browser could not do this. Try again, or choose another way.';
}

for (const button of document.querySelectorAll('button[data-passkey]')) {
  const { form } = button;
  const place = form.querySelector('[data-passkey-why]');
  button.addEventListener('click', async (event) => {
    event.preventDefault();
    if (!form.reportValidity()) return;
    if (!window.PublicKeyCredential) {
      place.textContent = 'This browser knows no passkeys. Choose another way.';
      return;
    }
    button.disabled = true;
    place.textContent = '';
    try {
      const fields = await (button.dataset.passkey === 'make' ? made(form.dataset) : used(form.dataset));
      for (const [name, value] of Object.entries(fields)) {
        const field = form.elements.namedItem(name);
        if (field) field.value = value;
      }
      form.requestSubmit();
    } catch (error) {
      place.textContent = why(error);
      button.disabled = false;
    }
  });
}

// What stands behind the # of an enrolment link never leaves in an address: it is taken out of it and sent in a form.
const link = document.querySelector('form[data-link]');
function takeLink() {
  if (!link || location.hash.length < 2) return;
  link.querySelector('input[name=token]').value = location.hash.slice(1);
  history.replaceState(null, '', location.pathname);
  link.requestSubmit();
}
takeLink();
// A link that is opened over the page of another changes no more than what stands behind the #.
window.addEventListener('hashchange', takeLink);

// A form that came along over a confirmation goes on by itself.
document.querySelector('form[data-goes-on]')?.requestSubmit();
