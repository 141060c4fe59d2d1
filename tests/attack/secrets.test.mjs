// Secrets in logs, metrics and pages (LO): marked secrets go through every endpoint, well and badly, while
// everything that the server writes is kept and searched.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { Browser, typePassword } from '../support/browser.mjs';
import { seed } from '../support/fixtures.mjs';
import { send } from '../support/http_client.mjs';
import { onEachBackend, startLatchkey } from '../support/latchkey.mjs';
import { freePort } from '../support/ports.mjs';
import { authorizeUrl, call, introspect, makePkce, obtainTokens, redeem, refresh, revoke, userinfo }
  from '../support/relying_party.mjs';

onEachBackend('LO', (backend) => {
  test('LO-01 canary grep', async () => {
    const port = await freePort();
    const server = await startLatchkey({ backend,
      settings: { log_level: 'trace', management_listen: `127.0.0.1:${port}`, throttle_account_attempts: 20 } });
    const { web, post, alice } = await seed(server, { clients: ['web', 'post'], users: ['alice'] });
    const secrets = new Map();
    const mark = (name, value) => secrets.set(name, value);
    mark('password', alice.password);
    mark('client secret', web.client_secret);
    mark('client secret in the body', post.client_secret);
    const shown = [];

    for (const client of [web, post]) {
      const tokens = await obtainTokens(server, client, alice, { scope: 'openid email offline_access' });
      const kind = client === web ? 'web' : 'post';
      mark(`${kind} code`, tokens.grant.code);
      mark(`${kind} verifier`, tokens.grant.verifier);
      mark(`${kind} access token`, tokens.access_token);
      mark(`${kind} refresh token`, tokens.refresh_token);
      mark(`${kind} id token`, tokens.id_token);
      for (const [name, cookie] of tokens.browser.jar) mark(`${kind} cookie ${name}`, cookie.value);
      await userinfo(server, tokens.access_token);
      await call(server, '/userinfo', undefined, { access_token: tokens.access_token });
      await introspect(server, client, tokens.access_token);
      const next = (await refresh(server, client, tokens.refresh_token)).json();
      mark(`${kind} second refresh token`, next.refresh_token);
      await refresh(server, client, next.refresh_token, { scope: 'openid phone' });
      await redeem(server, client, tokens.grant);
      await redeem(server, client, tokens.grant, { code_verifier: 'x'.repeat(43) });
      shown.push(await refresh(server, client, tokens.refresh_token));
      shown.push(await revoke(server, { ...client, client_secret: `${client.client_secret}x` }, next.refresh_token));
      await revoke(server, client, next.refresh_token);
      shown.push(await userinfo(server, `${tokens.access_token.slice(0, -4)}AAAA`));
      shown.push(await userinfo(server, next.refresh_token));
      await tokens.browser.open(`/logout?id_token_hint=${tokens.id_token}`);
      await tokens.browser.open(authorizeUrl(server, client, { id_token_hint: tokens.id_token, prompt: 'none' }));
      // Secrets where they do not belong.
      shown.push(await send(server.url(`/token?client_secret=${client.client_secret}&code=${tokens.grant.code}`),
        { method: 'POST', form: { grant_type: 'x' } }));
      shown.push(await send(server.url(`/userinfo?access_token=${next.access_token}`)));
      shown.push(await send(server.url(`/${next.refresh_token}`)));
      mark(`${kind} second access token`, next.access_token);
    }

    const browser = new Browser(server);
    const login = await browser.open(authorizeUrl(server, web, { prompt: 'login', login_hint: alice.email,
      code_challenge: makePkce().challenge, code_challenge_method: 'S256' }));
    mark('seal of the sign-in page', login.url.searchParams.get('t'));
    const wrong = await typePassword(browser, login, { ...alice, password: 'Canary-wrong-password-5511' });
    mark('wrong password', 'Canary-wrong-password-5511');
    shown.push(wrong.answer);
    shown.push((await typePassword(browser, login, { email: 'Canary-password-in-email-7712', password: 'x' })).answer);
    shown.push((await typePassword(new Browser(server), login, { ...alice, password: 'Canary-unbound-3390' })).answer);
    mark('unbound password', 'Canary-unbound-3390');
    const masterFile = server.settings.master_key_file ?? ownMasterKey(server);
    mark('master key', readFileSync(masterFile, 'utf8').trim());

    const metrics = (await send(`http://127.0.0.1:${port}/metrics`)).text;
    await server.stop();
    assert.ok(server.log.split('\n').length > 50, 'hardly anything was logged at trace level');
    for (const [name, value] of secrets) {
      assert.ok(value && value.length >= 12, `${name} is no secret: ${value}`);
      const piece = name.includes('token') && value.includes('.') ? value.split('.').at(-1) : value;
      for (const [where, text] of [['log', server.log], ['metrics', metrics]]) {
        for (const form of [value, piece, encodeURIComponent(value), Buffer.from(value).toString('base64')]) {
          assert.ok(!text.includes(form), `${name} stands in the ${where}: ${around(text, form)}`);
        }
      }
      for (const answer of shown) {
        // The sign-in page holds its own seal.
        if (!name.startsWith('seal')) assert.ok(!answer.text.includes(value), `${name} stands in an answer`);
      }
    }
    assert.ok(!metrics.includes('alice'));
  });
});

const around = (text, piece) => text.slice(Math.max(0, text.indexOf(piece) - 200), text.indexOf(piece) + 20);
/** The file that the first start made beside the database. */
const ownMasterKey = (server) => join(server.folder,
  readdirSync(server.folder).find((name) => /key/.test(name) && !name.endsWith('.json')));
