/** Commands of the user's that are run at certain moments. */
import { spawn } from 'node:child_process';
import { RefusalError } from '../../protocol/refusals.js';

/**
 * Runs a shell command and waits for its end; what it prints goes to stderr. It finds `values` in its environment:
 * `area` as `COLDFRAME_AREA`. Throws `command-failed`.
 */
export async function runHook(
  name: string,
  command: string | undefined,
  values: Readonly<Record<string, string | number>> = {},
): Promise<void> {
  if (command === undefined) return;
  await new Promise<void>((resolve, reject) => {
    const failed = (why: string) => reject(new RefusalError('command-failed', `${name}: ${command}: ${why}`));
    const given = Object.entries(values).map(([key, value]) => [`COLDFRAME_${key.toUpperCase()}`, String(value)]);
    const env = { ...process.env, ...Object.fromEntries(given) };
    // In a group of its own: Ctrl-C at the terminal must not end the hook that resumes a file system.
    const child = spawn(command, {
      shell: true,
      detached: true,
      env,
      stdio: ['ignore', process.stderr, process.stderr],
    });
    child.once('error', (error) => failed(error.message));
    child.once('close', (code, signal) => {
      if (code === 0) resolve();
      else failed(signal === null ? `exit code ${code}` : `ended by ${signal}`);
    });
  });
}
