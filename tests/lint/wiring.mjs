// Owns: the rule that a setting which is declared is also read.

const OPTION = /^OPTION\((\w+),/;

/**
 * A setting that nothing reads does nothing.
 * @param {string} sources the text of all C++ outside the folder of the settings
 */
export function checkSettings(path, text, sources) {
  return text.split('\n').flatMap((line, index) => {
    const name = line.match(OPTION)?.[1];
    if (!name || new RegExp(`config_?(?:\\.|->)${name}\\b`).test(sources)) return [];
    return [{ path, line: index + 1, rule: 'setting', message: `${name} is read by nothing outside server/config` }];
  });
}
