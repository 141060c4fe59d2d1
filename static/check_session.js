// OpenID Connect Session Management 1.0 §3.2: tells an application that frames this page whether the
// browser's sign-in state is still the one it was given. Old syntax and a SHA-256 of its own, because
// some embedded browsers have neither the new one nor crypto.subtle.
(function () {
  'use strict';

  var COOKIE = /(?:^|;\s*)latchkey_state=([A-Za-z0-9_-]+)/;
  var DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  var MOST_LENGTH = 4096;

  // FIPS 180-4 §4.2.2 and §5.3.3: of the first primes' cube and square roots.
  var ROUNDS = [];
  var START = [];
  (function () {
    function fraction(x) {
      return ((x - Math.floor(x)) * 4294967296) | 0;
    }
    var candidate = 2;
    while (ROUNDS.length < 64) {
      var prime = true;
      for (var factor = 2; factor * factor <= candidate; factor++) {
        if (candidate % factor === 0) prime = false;
      }
      if (prime) {
        if (START.length < 8) START.push(fraction(Math.pow(candidate, 1 / 2)));
        ROUNDS.push(fraction(Math.pow(candidate, 1 / 3)));
      }
      candidate++;
    }
  })();

  function rotate(word, by) {
    return (word >>> by) | (word << (32 - by));
  }

  function schedule(words) {
    for (var i = 16; i < 64; i++) {
      var a = words[i - 15];
      var b = words[i - 2];
      words[i] = (words[i - 16] + (rotate(a, 7) ^ rotate(a, 18) ^ (a >>> 3)) + words[i - 7] +
        (rotate(b, 17) ^ rotate(b, 19) ^ (b >>> 10))) | 0;
    }
  }

  function compress(state, words) {
    schedule(words);
    var v = state.slice();
    for (var i = 0; i < 64; i++) {
      var first = (v[7] + (rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25)) +
        ((v[4] & v[5]) ^ (~v[4] & v[6])) + ROUNDS[i] + words[i]) | 0;
      var second = ((rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22)) +
        ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]))) | 0;
      v = [(first + second) | 0, v[0], v[1], v[2], (v[3] + first) | 0, v[4], v[5], v[6]];
    }
    for (var j = 0; j < 8; j++) state[j] = (state[j] + v[j]) | 0;
  }

  // Of the UTF-8 bytes of `text`; 32 numbers.
  function sha256(text) {
    var bytes = unescape(encodeURIComponent(text));
    var blocks = Math.floor((bytes.length + 8) / 64) + 1;
    var state = START.slice();
    for (var block = 0; block < blocks; block++) {
      var words = [];
      for (var i = 0; i < 64; i++) {
        var at = block * 64 + i;
        var value = at < bytes.length ? bytes.charCodeAt(at) : at === bytes.length ? 128 : 0;
        words[i >> 2] = ((words[i >> 2] || 0) << 8) | value;
      }
      if (block === blocks - 1) {
        words[14] = Math.floor(bytes.length / 536870912);
        words[15] = (bytes.length * 8) | 0;
      }
      compress(state, words);
    }
    var out = [];
    for (var k = 0; k < 32; k++) out.push((state[k >> 2] >>> (24 - 8 * (k & 3))) & 255);
    return out;
  }

  function base64url(bytes) {
    var out = '';
    for (var i = 0; i < bytes.length; i += 3) {
      var left = bytes.length - i;
      var three = (bytes[i] << 16) | ((bytes[i + 1] || 0) << 8) | (bytes[i + 2] || 0);
      out += DIGITS.charAt(three >> 18) + DIGITS.charAt((three >> 12) & 63);
      if (left > 1) out += DIGITS.charAt((three >> 6) & 63);
      if (left > 2) out += DIGITS.charAt(three & 63);
    }
    return out;
  }

  // "client_id session_state", the state as "hash.salt".
  function answer(message, origin) {
    if (typeof message !== 'string' || message.length > MOST_LENGTH) return 'error';
    var parts = /^(\S+) ([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/.exec(message);
    if (!parts) return 'error';
    var cookie = COOKIE.exec(document.cookie);
    if (!cookie) return 'changed';
    var hash = base64url(sha256(parts[1] + ' ' + origin + ' ' + cookie[1] + ' ' + parts[3]));
    return hash === parts[2] ? 'unchanged' : 'changed';
  }

  window.addEventListener('message', function (event) {
    if (!event.source || event.source === window || event.origin === 'null') return;
    event.source.postMessage(answer(event.data, event.origin), event.origin);
  }, false);
})();
