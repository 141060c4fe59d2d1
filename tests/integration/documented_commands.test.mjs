// Every command that README.md and docs/ tell people to type exists, with the flags that stand behind it.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { runProgram } from '../support/latchkey.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const GROUPS = ['client', 'user', 'brand', 'logout', 'mail'];
const pages = ['README.md', ...readdirSync(join(ROOT, 'docs'), { recursive: true }).map((name) => join('docs', name))]
  .filter((name) => name.endsWith('.md'));

/** What stands in code, with continued lines joined. */
function* typed(text) {
  for (const [, block] of text.matchAll(/```\w*\n([\s\S]*?)```/g)) yield* block.replace(/\\\n/g, ' ').split('\n');
  for (const [, word] of text.replace(/```[\s\S]*?```/g, '').matchAll(/`([^`]+)`/g)) yield word;
}

const help = async (words) => (await runProgram([...words, '--help'])).stdout;
const commandsIn = (text) => [...(text.split(/^SUBCOMMANDS:|^Subcommands:/m)[1] ?? '').matchAll(/^ {2}([a-z][a-z-]*)\s/gm)]
  .map(([, name]) => name);

test('each documented command exists, with its flags', async () => {
  const general = await help([]);
  const known = new Map();
  const helpOf = async (words) => {
    const key = words.join(' ');
    if (!known.has(key)) known.set(key, await help(words));
    return known.get(key);
  };
  let found = 0;
  for (const page of pages) {
    for (const line of typed(readFileSync(join(ROOT, page), 'utf8'))) {
      const rest = line.match(/(?:^|[\s/|(])latchkey (.*)$/)?.[1]?.replace(/\s#\s.*$/, '').split(/\s+/);
      if (!rest || !GROUPS.includes(rest[0])) continue;
      found += 1;
      const words = [rest.shift()];
      for (let below = commandsIn(await helpOf(words)); below.length > 0; below = commandsIn(await helpOf(words))) {
        // Several in one place, as in "client add|remove", or none: the group is what is meant.
        const names = (rest.shift() ?? '').split('|').filter((name) => /^[a-z-]+$/.test(name) && !name.startsWith('--'));
        for (const name of names) assert.ok(below.includes(name), `${page}: latchkey ${words.join(' ')} ${name}`);
        if (names.length !== 1) break;
        words.push(names[0]);
      }
      const own = await helpOf(words);
      for (const [flag] of rest.join(' ').matchAll(/(?<![\w-])--[a-z-]+/g)) {
        assert.match(`${own}\n${general}`, new RegExp(`${flag}(?![a-z-])`), `${page}: latchkey ${words.join(' ')} ${flag}`);
      }
    }
  }
  assert.ok(found > 20, `${found} commands`);
});
