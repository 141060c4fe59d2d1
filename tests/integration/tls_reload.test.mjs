// TLS files that are replaced while the server runs: a renewal needs no restart.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import tls from 'node:tls';

import { makeCertificate } from '../support/certificate.mjs';
import { startLatchkey, temporaryFolder } from '../support/latchkey.mjs';
import { sleep, until } from '../support/rotation.mjs';

/** The fingerprint of the certificate that a new handshake shows. */
const shown = (port) => new Promise((done, reject) => {
  const socket = tls.connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
    done(socket.getPeerCertificate().fingerprint256);
    socket.destroy();
  });
  socket.on('error', reject);
});

const count = (text, part) => text.split(part).length - 1;

let folder;
let server;

/** A pair in a folder of its own. */
function renew() {
  const made = temporaryFolder();
  makeCertificate(made);
  return made;
}

/** By renames, as renewal programs do. */
function putInPlace(made) {
  for (const name of ['certificate.pem', 'key.pem']) renameSync(join(made, name), join(folder, name));
}

const changes = (before) => until(async () => {
  const now = await shown(server.port);
  return now !== before && now;
}, 5000, 'another certificate is shown');

describe('TLS files', () => {
  before(async () => {
    folder = temporaryFolder();
    const { certificate, key } = makeCertificate(folder);
    server = await startLatchkey({ scheme: 'https', settings: { tls_cert_file: certificate, tls_key_file: key } });
  });
  after(() => server?.stop());

  test('files that are replaced are taken up', async () => {
    const before = await shown(server.port);
    putInPlace(renew());
    await changes(before);
    assert.match(server.log, /certificate_reloaded/);
  });

  test('files that cannot be used are told once, and the certificate in use goes on', async () => {
    const before = await shown(server.port);
    const good = renew();
    writeFileSync(join(folder, 'certificate.pem'), 'half a certifica');
    await until(() => server.log.includes('certificate_not_reloaded'), 5000, 'the trouble is told');
    await sleep(2500);
    assert.equal(await shown(server.port), before);
    assert.equal(count(server.log, 'certificate_not_reloaded'), 1);
    rmSync(join(folder, 'key.pem'));
    await until(() => count(server.log, 'certificate_not_reloaded') === 2, 5000, 'the missing file is told');
    assert.equal(await shown(server.port), before);
    // A key that others may read is refused, until it is not.
    chmodSync(join(good, 'key.pem'), 0o644);
    putInPlace(good);
    await until(() => count(server.log, 'certificate_not_reloaded') >= 3, 5000, 'the open key is told');
    assert.equal(await shown(server.port), before);
    chmodSync(join(folder, 'key.pem'), 0o600);
    await changes(before);
  });

  test('SIGHUP takes them up as well', async () => {
    const before = await shown(server.port);
    putInPlace(renew());
    process.kill(server.pid, 'SIGHUP');
    await until(async () => await shown(server.port) !== before, 900, 'another certificate is shown');
  });

  test('a link that leads to other files is followed', async () => {
    const before = await shown(server.port);
    const live = join(temporaryFolder(), 'live');
    mkdirSync(live);
    makeCertificate(live);
    for (const name of ['certificate.pem', 'key.pem']) {
      rmSync(join(folder, name));
      symlinkSync(join(live, name), join(folder, name));
    }
    await changes(before);
  });
});
