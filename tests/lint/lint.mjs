// Owns: running every rule over the repository's files and printing what breaks one, as
// path:line: rule: message. Ends with 1 if there is anything. `node tests/lint/lint.mjs [ROOT]`
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { compareBoxes, readBoxes } from './boxes.mjs';
import { checkLinks, checkVariables, isDocument } from './documents.mjs';
import { checkIncludes, readTable } from './includes.mjs';
import {
  checkHeaderComment, checkMachinePath, checkName, checkSize, checkSqlStreams, checkUnfinished, isSource,
} from './text_rules.mjs';
import { checkSettings } from './wiring.mjs';

const TABLE = 'docs/architecture.md';
const BOXES = 'script/boxes.cmake';
const EXCEPTIONS = 'tests/lint/exceptions.txt';
const OPTIONS = 'server/config/options.def';

/** Files git knows of or would take; a copy without git is walked by find. */
function listFiles(root) {
  const options = { cwd: root, encoding: 'utf8', maxBuffer: 1 << 26 };
  const out = existsSync(join(root, '.git'))
    ? execFileSync('git', ['-c', 'safe.directory=*', 'ls-files', '--cached', '--others',
      '--exclude-standard', '-z'], options)
    : execFileSync('find', ['.', '(', '-name', 'build', '-o', '-name', 'node_modules', ')', '-prune',
      '-o', '-type', 'f', '-print0'], options);
  return [...new Set(out.split('\0').filter(Boolean).map((path) => path.replace(/^\.\//, '')))]
    .filter((path) => existsSync(join(root, path)) && statSync(join(root, path)).isFile()).sort();
}

/** Lines `path reason`; an exception without a reason or a file is itself a problem. */
export function readExceptions(text, files) {
  const paths = new Set();
  const problems = [];
  text.split('\n').forEach((raw, index) => {
    const entry = raw.replace(/^#.*/, '').trim();
    if (!entry) return;
    const [path, ...reason] = entry.split(/\s+/);
    const say = (message) => problems.push({ path: EXCEPTIONS, line: index + 1, rule: 'exceptions', message });
    if (reason.length === 0) say(`${path} has no reason`);
    if (!files.includes(path)) say(`${path} does not exist`);
    paths.add(path);
  });
  return { paths, problems };
}

export function lint(root) {
  const files = listFiles(root);
  const read = (path) => readFileSync(join(root, path), 'utf8');
  const problems = [];
  let rows;
  if (existsSync(join(root, TABLE))) {
    const table = readTable(read(TABLE), TABLE);
    problems.push(...table.problems);
    rows = table.rows;
    if (existsSync(join(root, BOXES))) {
      problems.push(...compareBoxes(rows, readBoxes(read(BOXES)), TABLE, BOXES));
    }
  } else {
    problems.push({ path: TABLE, line: 1, rule: 'table', message: 'is missing: it holds the layers' });
  }
  const exceptions = existsSync(join(root, EXCEPTIONS))
    ? readExceptions(read(EXCEPTIONS), files) : { paths: new Set(), problems: [] };
  problems.push(...exceptions.problems);

  const texts = new Map();
  for (const path of files) {
    problems.push(...checkName(path));
    // The samples are bad on purpose; the lint's own tests prove that they are found.
    if (path.startsWith('tests/lint/samples/')) continue;
    const bytes = readFileSync(join(root, path));
    if (bytes.includes(0)) continue;
    const text = bytes.toString('utf8');
    texts.set(path, text);
    problems.push(...checkUnfinished(path, text), ...checkMachinePath(path, text),
      ...checkSize(path, text, exceptions.paths), ...checkHeaderComment(path, text),
      ...checkSqlStreams(path, text));
    if (rows && isSource(path) && /^(oidc|federation|server)\//.test(path)) {
      problems.push(...checkIncludes(rows, path, text));
    }
  }
  problems.push(...checkTogether(files, texts));
  return { files: files.length, problems };
}

/** The rules that look at several files at once. */
function checkTogether(files, texts) {
  const all = (wanted) => [...texts].filter(([path]) => wanted(path)).map(([, text]) => text).join('\n');
  const documents = all(isDocument);
  const problems = checkLinks(new Map(files.map((path) => [path, isDocument(path) ? texts.get(path) : undefined])));
  for (const [path, text] of texts) {
    problems.push(...checkVariables(path, text, documents));
  }
  if (texts.has(OPTIONS)) {
    const sources = all((path) => /^server\/(?!config\/)/.test(path));
    problems.push(...checkSettings(OPTIONS, texts.get(OPTIONS), sources));
  }
  return problems;
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const root = resolve(process.argv[2] ?? fileURLToPath(new URL('../..', import.meta.url)));
  const { files, problems } = lint(root);
  for (const { path, line, rule, message } of problems) {
    console.log(`${path}:${line}: ${rule}: ${message}`);
  }
  console.log(`lint: ${files} files, ${problems.length} problems`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
