// Proves every lint rule on a bad sample, and on a good one beside it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

import { compareBoxes, readBoxes } from './boxes.mjs';
import { anchors, checkLinks, checkVariables } from './documents.mjs';
import { checkIncludes, readTable } from './includes.mjs';
import { lint, readExceptions } from './lint.mjs';
import * as rules from './text_rules.mjs';
import { checkSettings } from './wiring.mjs';

const sample = (name) => readFileSync(new URL(`samples/${name}`, import.meta.url), 'utf8');
const table = readTable(sample('architecture.md'), 'architecture.md');
const lines = (problems) => problems.map((problem) => problem.line);
const include = (path, ...headers) =>
  checkIncludes(table.rows, path, headers.map((header) => `#include ${header}`).join('\n'));

test('the table is read, and only the table', () => {
  assert.deepEqual(table.problems, []);
  assert.deepEqual(table.rows.map((row) => row.box), ['oidc_base', 'oidc_crypto', 'oidc_jose',
    'oidc_protocol', 'server_runtime', 'server_http', 'server_store', 'server_app', 'main']);
  assert.deepEqual(table.rows[2].may, ['oidc/base', 'oidc/crypto']);
  assert.deepEqual(table.rows[0].may, []);
});

test('a table that is missing, torn or names unknown things is a problem', () => {
  assert.equal(readTable('# nothing', 'a.md').problems.length, 1);
  const head = '| box | folder | may include | third-party headers |\n|---|---|---|---|\n';
  assert.equal(readTable(`${head}| a | a/b | - |`, 'a.md').problems.length, 2);
  assert.match(readTable(`${head}| a | a/b | c/d | - |`, 'a.md').problems[0].message, /c\/d/);
  assert.match(readTable(`${head}| a | a/b | - | left-pad |`, 'a.md').problems[0].message, /left-pad/);
});

test('a box includes itself and what its row names', () => {
  assert.deepEqual(include('oidc/jose/jwt.cpp', '"oidc/jose/jwt.h"', '"oidc/base/result.h"',
    '"oidc/crypto/key.h"', '<nlohmann/json.hpp>', '<vector>', '<sys/stat.h>', '<unistd.h>'), []);
  assert.deepEqual(include('oidc/token/id_token.cpp', '"oidc/model/client.h"', '"oidc/jose/jwt.h"'), []);
  assert.deepEqual(include('server/store/a.cpp', '"oidc/jose/jwt.h"', '"oidc/token/id_token.h"'), []);
  assert.deepEqual(include('server/main.cpp', '"server/app/app.h"'), []);
});

test('an include against the direction fails', () => {
  assert.deepEqual(lines(include('oidc/base/uri.cpp', '"oidc/base/uri.h"', '"oidc/jose/jwt.h"')), [2]);
  assert.equal(include('oidc/jose/jwt.cpp', '"oidc/token/id_token.h"').length, 1);
  assert.equal(include('server/http/router.cpp', '"oidc/token/id_token.h"').length, 1);
  assert.equal(include('server/http/router.cpp', '"server/store/clients.h"').length, 1);
  assert.equal(include('server/main.cpp', '"server/store/clients.h"').length, 1);
});

test('a file of no box, a relative include and an unknown header fail', () => {
  assert.equal(include('server/other/a.cpp', '<vector>').length, 1);
  assert.equal(include('oidc/base/uri.cpp', '"uri.h"').length, 1);
  assert.equal(include('oidc/base/uri.cpp', '<left/pad.hpp>').length, 1);
});

test('third-party headers stay behind their fences', () => {
  const bad = [
    ['server/app/a.cpp', 'boost/beast/http.hpp'], ['server/runtime/pool.cpp', 'boost/beast/core.hpp'],
    ['oidc/jose/a.cpp', 'openssl/evp.h'], ['server/http/gate.cpp', 'openssl/ssl.h'],
    ['oidc/jose/a.cpp', 'argon2.h'], ['server/app/a.cpp', 'soci/soci.h'],
    ['server/app/a.cpp', 'sqlite3.h'], ['server/app/a.cpp', 'libpq-fe.h'],
    ['server/store/a.cpp', 'spdlog/spdlog.h'], ['server/app/a.cpp', 'mustache.hpp'],
    ['server/app/a.cpp', 'toml++/toml.h'], ['server/http/a.cpp', 'CLI/CLI.hpp'],
    ['server/http/a.cpp', 'curl/curl.h'], ['oidc/base/a.cpp', 'boost/json.hpp'],
    ['oidc/crypto/a.cpp', 'nlohmann/json.hpp'],
  ];
  for (const [path, header] of bad) {
    assert.equal(include(path, `<${header}>`).length, 1, `${path} ${header}`);
  }
  const good = [
    ['server/http/gate.cpp', 'boost/beast/http.hpp'], ['server/http/tls.cpp', 'openssl/ssl.h'],
    ['server/http/beast_impl.cpp', 'boost/beast/src.hpp'], ['oidc/crypto/key.cpp', 'openssl/evp.h'],
    ['server/store/sql/a.cpp', 'soci/soci.h'], ['server/app/a.cpp', 'CLI/CLI.hpp'],
    ['oidc/jose/jwk.h', 'nlohmann/json_fwd.hpp'],
  ];
  for (const [path, header] of good) assert.deepEqual(include(path, `<${header}>`), [], path);
  assert.match(include('oidc/jose/jwk.h', '<nlohmann/json.hpp>')[0].message, /json_fwd/);
});

test('the build knows the same boxes as the table', () => {
  const compare = (text) => compareBoxes(table.rows, readBoxes(text), 'table', 'build');
  assert.deepEqual(compare(sample('boxes.cmake')), []);
  const without = sample('boxes.cmake').replace(/^latchkey_box\(server_app.*$/m, '');
  assert.match(compare(without)[0].message, /server_app is not in/);
  const more = `${sample('boxes.cmake')}\nlatchkey_box(server_more server/more)\n`;
  assert.match(compare(more)[0].message, /server_more is missing/);
  const moved = sample('boxes.cmake').replace('server/app', 'server/programme');
  assert.match(compare(moved)[0].message, /server\/programme/);
  const unlinked = sample('boxes.cmake').replace('PUBLIC server_http server_store)', 'PUBLIC server_http)');
  assert.match(compare(unlinked)[0].message, /not linked to server_store/);
});

test('file names that say nothing fail', () => {
  for (const name of ['oidc/base/utils.h', 'server/http/string_helpers.cpp', 'server/common/a.h',
    'server/store/session_manager.cpp', 'tests/support/util.mjs']) {
    assert.equal(rules.checkName(name).length, 1, name);
  }
  for (const name of ['oidc/base/text.h', 'server/utilisation.cpp', 'docs/uncommon_cases.md']) {
    assert.deepEqual(rules.checkName(name), [], name);
  }
});

test('lines over 100 columns and files over 500 lines fail', () => {
  assert.deepEqual(lines(rules.checkSize('a.cpp', `ok\n${'x'.repeat(101)}\n`)), [2]);
  assert.deepEqual(rules.checkSize('a.cpp', `${'§'.repeat(100)}\n`), []);
  assert.deepEqual(rules.checkSize('a.md', 'x'.repeat(300)), []);
  const long = 'x\n'.repeat(501);
  assert.equal(rules.checkSize('a.cpp', long).length, 1);
  assert.deepEqual(rules.checkSize('a.cpp', 'x\n'.repeat(500)), []);
  assert.deepEqual(rules.checkSize('a.cpp', long, new Set(['a.cpp'])), []);
  assert.match(rules.checkSize('a.cpp', 'x\n', new Set(['a.cpp']))[0].message, /short enough/);
});

test('an exception needs a reason and a file', () => {
  const read = (text) => readExceptions(text, ['a.cpp']).problems.length;
  assert.equal(read('# nothing\n\n'), 0);
  assert.equal(read('a.cpp one table'), 0);
  assert.equal(read('a.cpp'), 1);
  assert.equal(read('b.cpp gone'), 1);
});

test('marks of unfinished work fail', () => {
  for (const mark of ['TO' + 'DO', 'FIX' + 'ME', 'X'.repeat(3)]) {
    assert.deepEqual(lines(rules.checkUnfinished('a.cpp', `ok\n// ${mark}: later`)), [2], mark);
  }
  assert.deepEqual(rules.checkUnfinished('a.sh', `mktemp -d /tmp/a.${'X'.repeat(6)}`), []);
});

test('paths of one machine fail', () => {
  for (const name of ['wo' + 'rk', 'ro' + 'ot']) {
    assert.equal(rules.checkMachinePath('a.md', `see /${name}/main`).length, 1);
    assert.equal(rules.checkMachinePath('a.md', `HOME=/${name}`).length, 1);
    assert.deepEqual(rules.checkMachinePath('a.md', `https://example.com/${name}/x frame${name} $dir/${name}`), []);
    assert.deepEqual(rules.checkMachinePath('a.md', `/${name}er /${name}-dir`), []);
  }
});

test('a header without an opening comment fails', () => {
  assert.equal(rules.checkHeaderComment('a.h', '#pragma once\n').length, 1);
  assert.deepEqual(rules.checkHeaderComment('a.h', '// Owns: a.\n#pragma once\n'), []);
  assert.deepEqual(rules.checkHeaderComment('a.cpp', '#include "a.h"\n'), []);
});

test('SQL put together from pieces fails in server/store', () => {
  const text = sample('bad_sql.cpp');
  const expected = text.split('\n').flatMap((line, index) => (line.endsWith('// bad') ? [index + 1] : []));
  assert.equal(expected.length, 5);
  assert.deepEqual(lines(rules.checkSqlStreams('server/store/sql/a.cpp', text)), expected);
  assert.deepEqual(rules.checkSqlStreams('server/http/a.cpp', text), []);
});

test('links that lead nowhere fail', () => {
  const check = (text) => checkLinks(new Map([['docs/a.md', text], ['docs/images/b.png', undefined],
    ['c.md', '# Two words\n\n```sh\n# no heading\n```\n\n## `code`, twice\n\n## Code twice']]));
  assert.deepEqual(check('[x](../c.md) [x](../c.md#two-words) ![x](images/b.png) [x](images/) [x](https://a.test/b)'), []);
  assert.deepEqual(check('# Here\n[x](#here) `[x](d.md)`\n```\n[x](d.md)\n```'), []);
  assert.deepEqual(lines(check('ok\n[x](d.md)\n[x](../c.md#three)\n[x](#there)\n[x](/c.md)')), [2, 3, 4, 5]);
  assert.deepEqual([...anchors('# `code`, twice\n## Code twice')], ['code-twice', 'code-twice-1']);
});

test('a variable of the tests that no document explains fails', () => {
  const check = (path, text) => lines(checkVariables(path, text, 'set `LATCHKEY_ONE` to 1'));
  assert.deepEqual(check('tests/a.mjs', 'process.env.LATCHKEY_ONE\nprocess.env.LATCHKEY_ONE_MORE'), [2]);
  assert.deepEqual(check('tests/unit/a.cpp', 'std::getenv("LATCHKEY_TWO")'), [1]);
  assert.deepEqual(check('server/a.cpp', 'std::getenv("LATCHKEY_TWO")'), []);
});

test('a setting that nothing reads fails', () => {
  const options = '// The list.\nOPTION(issuer, string, "",\nOPTION(listen, list, "",\n';
  assert.deepEqual(lines(checkSettings('o', options, 'use(config.issuer); use(config_->listen);')), []);
  assert.deepEqual(lines(checkSettings('o', options, 'use(config.issuer); use(config.listeners, view.listen);')), [3]);
});

test('the whole lint walks a repository and finds each kind once', () => {
  const root = mkdtempSync(join(tmpdir(), 'latchkey-lint-'));
  try {
    const write = (path, text) => {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    };
    write('docs/architecture.md', sample('architecture.md'));
    write('script/boxes.cmake', sample('boxes.cmake'));
    write('oidc/base/good.h', '// Owns: good.\n#pragma once\n');
    write('.gitignore', 'build/\n');
    write('build/ignored.h', 'x'.repeat(200));
    execFileSync('git', ['init', '--quiet', root]);
    assert.deepEqual(lint(root).problems, []);
    write('oidc/base/bad_utils.h', `#include "server/app/app.h"\n${'x'.repeat(101)}\n// ${'TO' + 'DO'} /${'ro' + 'ot'}/\n`);
    write('server/store/bad.cpp', '\nvoid f() { session << "a" << b; }\n');
    write('server/config/options.def', 'OPTION(idle, string, "",\n');
    write('docs/a.md', '[nowhere](b.md)\n');
    write('tests/a.mjs', 'process.env.UNTOLD\n');
    assert.deepEqual(lint(root).problems.map((problem) => problem.rule).sort(),
      ['columns', 'header-comment', 'include', 'link', 'machine-path', 'name', 'setting', 'sql-stream',
        'unfinished', 'variable']);
  } finally {
    rmSync(root, { recursive: true });
  }
});
