// Three comforts; every page is complete without them.
'use strict';

// "Show password". The button stays hidden where scripts don't run.
for (const button of document.querySelectorAll('[data-reveal]')) {
  const input = document.getElementById(button.dataset.reveal);
  const show = (visible) => {
    input.type = visible ? 'text' : 'password';
    button.textContent = visible ? button.dataset.hide : button.dataset.show;
    button.setAttribute('aria-label', visible ? button.dataset.hideName : button.dataset.showName);
  };
  button.hidden = false;
  button.addEventListener('click', () => show(input.type === 'password'));
  // Sent as a password field, so that the browser never remembers it as ordinary text.
  input.form.addEventListener('submit', () => show(false));
}

// A second press while the first is under way does nothing. The buttons are not disabled, because
// a disabled button would not send its value.
for (const form of document.querySelectorAll('form[data-once]')) {
  let sentAt = -Infinity;
  form.addEventListener('submit', (event) => {
    if (event.timeStamp - sentAt < 8000) {
      event.preventDefault();
      return;
    }
    sentAt = event.timeStamp;
    form.classList.add('sent');
  });
  // Back from the next page: the form may be sent again.
  addEventListener('pageshow', () => {
    sentAt = -Infinity;
    form.classList.remove('sent');
  });
}

// Waiting for something that happens elsewhere: 204 means "not yet", 200 "load the page again".
for (const waiting of document.querySelectorAll('[data-wait]')) {
  const ask = async () => {
    let status = 204;
    try {
      if (!document.hidden) status = (await fetch(waiting.dataset.wait, { cache: 'no-store' })).status;
    } catch {
      // Without a network for a moment: asked again.
    }
    if (status === 200) location.reload();
    else if (status === 204 || status >= 500) setTimeout(ask, 3000);
  };
  setTimeout(ask, 3000);
}
