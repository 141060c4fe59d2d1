// Owns: the settings that every test of the program starts from, and how settings become flags and
// environment variables. Starts nothing.

/** Cheap password hashes, and throttles out of the way of tests that are not about them. */
export const TEST_SETTINGS = {
  password_memory_kib: 7168,
  password_iterations: 1,
  throttle_account_attempts: 1_000_000,
  throttle_account_daily_attempts: 100_000_000,
  throttle_address_attempts: 1_000_000,
  throttle_site_attempts: 100_000_000,
  management_listen: '',
};

/** The environment without anything that the program would read as a setting. */
export const cleanEnvironment = () =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('LATCHKEY_')));
export const asEnvironment = (settings) => Object.fromEntries(
  Object.entries(settings).map(([name, value]) => [`LATCHKEY_${name.toUpperCase()}`, String(value)]));
export const asFlags = (settings) => Object.entries(settings)
  .map(([name, value]) => `--${name.replaceAll('_', '-')}=${value}`);
