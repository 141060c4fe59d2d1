// Owns: running the program at a terminal of its own, and typing there. The terminal is made by script(1).
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';

import { PROGRAM } from './latchkey.mjs';
import { asEnvironment, cleanEnvironment } from './settings.mjs';

const quote = (word) => `'${String(word).replaceAll("'", "'\\''")}'`;

/**
 * Types each answer when its prompt stands on the terminal.
 * @param {[RegExp, string][]} answers prompt and what is typed, with the key that ends it
 * @returns {Promise<{ code: number, shown: string }>} all that the terminal showed
 */
export function runAtTerminal(args, answers, { settings = {}, cwd = tmpdir(), timeout = 20_000 } = {}) {
  return new Promise((done, reject) => {
    // No shell stays between script(1) and the program: Ctrl-C would end it too, with a status of its own.
    // The terminal repeats what is typed, as every terminal does, unless the program asks it not to.
    const child = spawn('script', ['--quiet', '--return', '--flush', '--echo', 'always',
      '--command', `exec ${[PROGRAM, ...args].map(quote).join(' ')}`, '/dev/null'],
    { cwd, env: { ...cleanEnvironment(), ...asEnvironment(settings) } });
    let shown = '';
    let answered = 0;
    let from = 0;
    const timer = setTimeout(() => child.kill('SIGKILL'), timeout);
    const seen = (text) => {
      shown += text;
      const next = answers[answered];
      const found = next && shown.slice(from).match(next[0]);
      if (!found) return;
      from += found.index + found[0].length;
      answered += 1;
      child.stdin.write(next[1]);
    };
    child.stdout.setEncoding('utf8').on('data', seen);
    child.stderr.setEncoding('utf8').on('data', seen);
    child.stdin.on('error', () => {});
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      done({ code, shown });
    });
  });
}
