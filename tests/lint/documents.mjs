// Owns: the rules on what documents say of the repository: links that lead somewhere, and environment
// variables of the tests that are explained. Addresses outside are not tried.
import { posix } from 'node:path';

export const isDocument = (path) => path.endsWith('.md');

/** The text with code taken out, line by line: what stands there is no link and no heading. */
function prose(text) {
  let fenced = false;
  return text.split('\n').map((line) => {
    if (/^\s*(```|~~~)/.test(line)) {
      fenced = !fenced;
      return '';
    }
    return fenced ? '' : line;
  });
}

/** The anchors that GitHub makes of the headings. */
export function anchors(text) {
  const seen = new Map();
  return new Set(prose(text).filter((line) => /^#+ /.test(line)).map((line) => {
    const slug = line.replace(/^#+ /, '').trim().toLowerCase().replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-');
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    return times ? `${slug}-${times}` : slug;
  }));
}

/**
 * @param {Map<string, string | undefined>} documents text by path of every file; undefined for what is no document
 */
export function checkLinks(documents) {
  const problems = [];
  const isFolder = (path) => [...documents.keys()].some((file) => file.startsWith(`${path}/`));
  for (const [path, text] of documents) {
    if (text === undefined) continue;
    prose(text).forEach((line, index) => {
      for (const [, target] of line.replace(/`[^`]*`/g, '').matchAll(/\]\(<?([^)\s>]+)>?[^)]*\)/g)) {
        if (/^[a-z][a-z0-9+.-]*:/i.test(target)) continue;
        const [file, anchor] = target.split('#');
        const to = file ? posix.normalize(posix.join(posix.dirname(path), decodeURI(file))).replace(/\/$/, '') : path;
        const report = (message) => problems.push({ path, line: index + 1, rule: 'link', message });
        if (!documents.has(to) && !isFolder(to)) report(`${target}: there is no ${to}`);
        else if (anchor && documents.get(to) !== undefined && !anchors(documents.get(to)).has(anchor)) {
          report(`${target}: ${to} has no heading #${anchor}`);
        }
      }
    });
  }
  return problems;
}

const READS_VARIABLE = /process\.env\.([A-Z][A-Z0-9_]*)|getenv\("(LATCHKEY_[A-Z0-9_]+)"\)/g;

/** @param {string} documents everything that is written for people */
export function checkVariables(path, text, documents) {
  if (!/^(tests\/(?!lint\/)|conformance\/)/.test(path) || !/\.(mjs|cpp|h)$/.test(path)) return [];
  return text.split('\n').flatMap((line, index) => [...line.matchAll(READS_VARIABLE)]
    .map((match) => match[1] ?? match[2])
    .filter((name) => !new RegExp(`\\b${name}\\b`).test(documents))
    .map((name) => ({ path, line: index + 1, rule: 'variable', message: `${name} is explained in no document` })));
}
