/** Commands of the user's that are run at certain moments. */
import { spawn } from 'node:child_process';
import { RefusalError } from '../../protocol/refusals.js';

/** Runs a shell command and waits for its end; what it prints goes to stderr. Throws `command-failed`. */
export async function runHook(name: string, command: string | undefined): Promise<void> {
  if (command === undefined) return;
  await new Promise<void>((resolve, reject) => {
    const failed = (why: string) => reject(new RefusalError('command-failed', `${name}: ${command}: ${why}`));
    const child = spawn(command, { shell: true, stdio: ['ignore', process.stderr, process.stderr] });
    child.once('error', (error) => failed(error.message));
    child.once('close', (code, signal) => {
      if (code === 0) resolve();
      else failed(signal === null ? `exit code ${code}` : `ended by ${signal}`);
    });
  });
}
