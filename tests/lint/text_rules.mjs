// Owns: the rules on single files that need no table: names, sizes, marks, paths, header comments, and
// SQL that is put together from pieces.

export const MAX_COLUMNS = 100;
export const MAX_LINES = 500;

const BANNED_NAME = /(^|[_\-.])(utils?|helpers?|manager|common)([_\-.]|$)/i;
const UNFINISHED = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'X'.repeat(3)].join('|')})\\b`);
const MACHINE_PATH = new RegExp(`(^|[^\\w./$}*-])/(${['wo' + 'rk', 'ro' + 'ot'].join('|')})(?![\\w.-])`);

export const isSource = (path) => /\.(cpp|h)$/.test(path);
const isHeader = (path) => path.endsWith('.h');

export function checkName(path) {
  const name = path.split('/').find((part) => BANNED_NAME.test(part));
  return name
    ? [{ path, line: 1, rule: 'name', message: `"${name}" says nothing: name what it does` }]
    : [];
}

/** @param exceptions paths whose length was accepted, with a reason, in exceptions.txt */
export function checkSize(path, text, exceptions = new Set()) {
  if (!isSource(path)) return [];
  const problems = [];
  const lines = text.replace(/\n$/, '').split('\n');
  lines.forEach((line, index) => {
    const columns = [...line].length;
    if (columns > MAX_COLUMNS) {
      problems.push({ path, line: index + 1, rule: 'columns',
        message: `${columns} columns, the limit is ${MAX_COLUMNS}` });
    }
  });
  if (lines.length > MAX_LINES && !exceptions.has(path)) {
    problems.push({ path, line: lines.length, rule: 'length',
      message: `${lines.length} lines, the limit is ${MAX_LINES}: split it, or name it in ` +
        'tests/lint/exceptions.txt with the reason' });
  }
  if (lines.length <= MAX_LINES && exceptions.has(path)) {
    problems.push({ path, line: 1, rule: 'length',
      message: 'is short enough now: remove it from tests/lint/exceptions.txt' });
  }
  return problems;
}

function eachLine(path, text, rule, pattern, message) {
  const problems = [];
  text.split('\n').forEach((line, index) => {
    const match = line.match(pattern);
    if (match) problems.push({ path, line: index + 1, rule, message: message(match) });
  });
  return problems;
}

export const checkUnfinished = (path, text) => eachLine(path, text, 'unfinished', UNFINISHED,
  (match) => `${match[1]}: finish it, or write it down as an issue`);

export const checkMachinePath = (path, text) => eachLine(path, text, 'machine-path', MACHINE_PATH,
  (match) => `"${match[0].trim()}" is a path of one machine`);

export function checkHeaderComment(path, text) {
  if (!isHeader(path) || text.startsWith('//')) return [];
  return [{ path, line: 1, rule: 'header-comment',
    message: 'a header opens with a comment: what it owns, which specification, what it does not do' }];
}

/** Replaces comments by spaces and string literals by "", keeping the lines where they are. */
export function stripped(text) {
  const pattern =
    /\/\/[^\n]*|\/\*[\s\S]*?\*\/|R"([^()\s\\]{0,16})\([\s\S]*?\)\1"|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])+'/g;
  return text.replace(pattern, (piece) => {
    const breaks = piece.replace(/[^\n]/g, '');
    return piece.startsWith('/') ? ` ${breaks}` : piece.startsWith("'") ? "' '" : `""${breaks}`;
  });
}

/** A literal or several side by side, or a constant named kName; then the end or SOCI's exchanges. */
const FIXED_SQL = /^\s*(?:""\s*)+(?:,|$)|^\s*k[A-Z]\w*\s*(?:,|$)/;
const STREAM = /\b\w*(?:session|sql|prepare|once)\w*(?:\(\)|_)?\s*<<(?!=)([\s\S]*)/i;

/** In server/store a statement's text is fixed: values are bound, never streamed into it. */
export function checkSqlStreams(path, text) {
  if (!path.startsWith('server/store/') || !isSource(path)) return [];
  const problems = [];
  let line = 1;
  for (const statement of stripped(text).split(/[;{}]/)) {
    const match = statement.match(STREAM);
    if (match && match[1].split('<<').some((operand) => !FIXED_SQL.test(operand))) {
      const before = statement.slice(0, match.index);
      problems.push({ path, line: line + before.split('\n').length - 1, rule: 'sql-stream',
        message: 'SQL is built from pieces here: write one literal and bind the values' });
    }
    line += statement.split('\n').length - 1;
  }
  return problems;
}
