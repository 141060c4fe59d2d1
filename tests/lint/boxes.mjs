// Owns: comparing the boxes of script/boxes.cmake with the table of docs/architecture.md. What a box
// may include must also be linked to it, directly or through another box.
import { rowOf } from './includes.mjs';

/** Reads latchkey_box(NAME FOLDER … PUBLIC … PRIVATE …). */
export function readBoxes(text) {
  const plain = text.replace(/#.*$/gm, '').replace(/"[^"\n]*"/g, '""');
  const boxes = new Map();
  for (const call of plain.matchAll(/^latchkey_box\(([^)]*)\)/gm)) {
    const [name, folder, ...rest] = call[1].split(/\s+/).filter(Boolean);
    let into;
    const links = [];
    for (const word of rest) {
      if (/^(PUBLIC|PRIVATE|PCH|EXCLUDE)$/.test(word)) into = word;
      else if (into === 'PUBLIC' || into === 'PRIVATE') links.push(word);
    }
    boxes.set(name, { name, folder, links });
  }
  return boxes;
}

/** @returns problems where table and build disagree */
export function compareBoxes(rows, boxes, tablePath, buildPath) {
  const problems = [];
  const say = (path, line, message) => problems.push({ path, line, rule: 'boxes', message });
  const inTable = new Set();
  for (const row of rows.filter((candidate) => !candidate.folder.endsWith('.cpp'))) {
    inTable.add(row.box);
    const box = boxes.get(row.box);
    if (!box) {
      say(tablePath, row.line, `box ${row.box} is not in ${buildPath}`);
    } else if (row.folder !== box.folder && !row.folder.startsWith(`${box.folder}/`)) {
      say(tablePath, row.line, `box ${row.box} is ${box.folder} in ${buildPath}, not ${row.folder}`);
    }
  }
  for (const box of boxes.values()) {
    if (!inTable.has(box.name)) say(buildPath, 1, `box ${box.name} is missing in ${tablePath}`);
  }
  const linked = (name, seen = new Set()) => {
    for (const next of boxes.get(name)?.links ?? []) {
      if (boxes.has(next) && !seen.has(next)) {
        seen.add(next);
        linked(next, seen);
      }
    }
    return seen;
  };
  for (const row of rows.filter((candidate) => boxes.has(candidate.box))) {
    const reach = linked(row.box);
    for (const name of row.may) {
      const target = rowOf(rows, name)?.box;
      if (target && target !== row.box && boxes.has(target) && !reach.has(target)) {
        say(tablePath, row.line, `box ${row.box} may include ${name} but is not linked to ${target}`);
      }
    }
  }
  return problems;
}
