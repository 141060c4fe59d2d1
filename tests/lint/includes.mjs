// Owns: which file may include what. Reads the table of docs/architecture.md and knows the fences
// around third-party headers. Does not know how boxes are linked: see boxes.mjs.

/** Names of the table's fourth column, by the header that is included. */
const THIRD_PARTY = [
  ['beast', /^boost\/beast(\/|\.hpp$)/],
  ['boost', /^boost\//],
  ['openssl', /^openssl\//],
  ['argon2', /^argon2\.h$/],
  ['soci', /^soci(\/|\.h$|-)/],
  ['curl', /^curl\//],
  ['nlohmann', /^nlohmann\//],
  ['mustache', /^(kainjow\/)?mustache\.hpp$/],
  ['cli11', /^CLI\//],
  ['toml', /^toml(\+\+|plusplus)\//],
  ['spdlog', /^spdlog\//],
  ['sqlite', /^sqlite3\.h$/],
  ['zxcvbn', /^zxcvbn\.h$/],
  ['libpq', /^(postgresql\/)?libpq(-fe\.h|\/)/],
];

/** Where a third-party header may stand at most, whatever the table says. */
const FENCES = {
  beast: [/^server\/http\//],
  openssl: [/^oidc\/crypto\//, /^server\/http\/tls[^/]*$/],
  argon2: [/^oidc\/crypto\//, /^server\/http\/tls[^/]*$/],
  soci: [/^server\/store\//],
  sqlite: [/^server\/store\//],
  libpq: [/^server\/store\//],
  spdlog: [/^server\/observe\//],
  mustache: [/^server\/page\//],
  toml: [/^server\/config\//],
  cli11: [/^server\/(config|app|admin)\//],
  curl: [/^server\/outbound\//],
  zxcvbn: [/^server\/account\//],
};

/** Headers of the C library and the kernel; those of C++ have no dot and no slash. */
const SYSTEM_FOLDERS = /^(sys|netinet|net|arpa|linux|bits)\//;
const SYSTEM_HEADERS = new Set(
  ('assert ctype dirent dlfcn errno fcntl fnmatch getopt glob grp inttypes limits locale malloc math ' +
    'netdb poll pthread pwd resolv sched semaphore signal spawn stdarg stdint stdio stdlib string ' +
    'strings syslog termios time unistd wchar')
    .split(' ').map((name) => `${name}.h`));

/** The programme's entry point belongs to no box: it hands over to the composition root. */
const ENTRY = { box: 'main', folder: 'server/main.cpp', may: ['server/app'], thirdParty: [], line: 0 };

/**
 * Reads the rows `| box | folder | may include | third-party headers |`. Names in the cells are
 * separated by spaces or commas; backticks are ignored; a dash means nothing.
 * @returns {{rows: object[], problems: object[]}}
 */
export function readTable(text, path) {
  const rows = [];
  const problems = [];
  let inside = false;
  text.split('\n').forEach((raw, index) => {
    const line = index + 1;
    const isRow = raw.trim().startsWith('|');
    if (!isRow) {
      inside = false;
      return;
    }
    const cells = raw.trim().replace(/^\||\|$/g, '').split('|').map((cell) => cell.trim());
    if (/^box$/i.test(cells[0]) && /^folder$/i.test(cells[1] ?? '')) {
      inside = true;
      return;
    }
    if (!inside || /^:?-+:?$/.test(cells[0])) return;
    if (cells.length !== 4) {
      problems.push({ path, line, rule: 'table', message: `a row has ${cells.length} cells, not 4` });
      return;
    }
    const names = (cell) => cell.replaceAll('`', '').split(/[\s,]+/)
      .filter((name) => name && !/^[-–—]+$/.test(name) && name !== 'none')
      .map((name) => name.replace(/\/$/, ''));
    const row = { box: names(cells[0])[0], folder: names(cells[1])[0], may: names(cells[2]),
      thirdParty: names(cells[3]), line };
    for (const name of row.thirdParty) {
      if (!THIRD_PARTY.some(([known]) => known === name)) {
        problems.push({ path, line, rule: 'table', message: `"${name}" is no known third-party header` });
      }
    }
    rows.push(row);
  });
  if (rows.length === 0) {
    problems.push({ path, line: 1, rule: 'table',
      message: 'no table with the columns box, folder, may include, third-party headers' });
  }
  const folders = new Set(rows.map((row) => row.folder));
  for (const row of rows) {
    for (const name of row.may) {
      const base = name.replace(/\/\*$/, '');
      if (![...folders].some((folder) => within(folder, base) || within(base, folder))) {
        problems.push({ path, line: row.line, rule: 'table',
          message: `"${name}" is in no box of the table` });
      }
    }
  }
  if (!folders.has(ENTRY.folder)) rows.push(ENTRY);
  return { rows, problems };
}

const within = (path, folder) => path === folder || path.startsWith(`${folder}/`);

/** The row with the longest folder that holds `path`. */
export function rowOf(rows, path) {
  let found;
  for (const row of rows) {
    if (within(path, row.folder) && (!found || row.folder.length > found.folder.length)) found = row;
  }
  return found;
}

function mayInclude(rows, from, target) {
  const to = rowOf(rows, target);
  if (!to) return false;
  if (to === from) return true;
  return from.may.some((name) => {
    // "oidc/*" means everything below; "oidc" means that box and not the boxes nested in it.
    if (name.endsWith('/*')) return within(target, name.slice(0, -2));
    return within(target, name) && name.length >= to.folder.length;
  });
}

function thirdPartyOf(header) {
  return THIRD_PARTY.find(([, pattern]) => pattern.test(header))?.[0];
}

const isSystem = (header) =>
  SYSTEM_HEADERS.has(header) || SYSTEM_FOLDERS.test(header) || /^[a-z_0-9]+$/.test(header);

/** Problems of one source file of oidc/, federation/ or server/. */
export function checkIncludes(rows, path, text) {
  const problems = [];
  const from = rowOf(rows, path);
  const report = (line, message) => problems.push({ path, line, rule: 'include', message });
  if (!from) {
    report(1, 'this folder is in no row of the table in docs/architecture.md');
    return problems;
  }
  text.split('\n').forEach((raw, index) => {
    const line = index + 1;
    const match = raw.match(/^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)/);
    if (!match) return;
    const header = match[1] ?? match[2];
    const thirdParty = thirdPartyOf(header);
    if (thirdParty) {
      const fence = FENCES[thirdParty];
      if (fence && !fence.some((place) => place.test(path))) {
        report(line, `${header}: ${thirdParty} is fenced off here`);
      } else if (!from.thirdParty.includes(thirdParty)) {
        report(line, `${header}: box ${from.box} may not include ${thirdParty} headers`);
      }
      if (/^nlohmann\/json\.hpp$/.test(header) && path.endsWith('.h')) {
        report(line, 'nlohmann/json.hpp stands in a header: include json_fwd.hpp there');
      }
      return;
    }
    if (/^(oidc|federation|server)\//.test(header)) {
      if (!mayInclude(rows, from, header)) {
        report(line, `${header}: box ${from.box} (${from.folder}) may not include it`);
      }
      return;
    }
    if (match[1] !== undefined) {
      report(line, `"${header}": includes are written from the repository root`);
    } else if (!isSystem(header)) {
      report(line, `<${header}> is neither a standard header nor one the table can name`);
    }
  });
  return problems;
}
