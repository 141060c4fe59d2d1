// OpenID Connect Front-Channel Logout §3: goes on when every application's page has loaded, and at
// the latest after four seconds. Old syntax, because embedded browsers run it too.
(function () {
  'use strict';

  var link = document.getElementById('logout-continue');
  var gone = false;

  function goOn() {
    if (gone) return;
    gone = true;
    location.replace(link.href);
  }

  if (!link) return;
  setTimeout(goOn, 4000);
  // The window's own event waits for the frames.
  if (document.readyState === 'complete') goOn();
  else window.addEventListener('load', goOn);
})();
