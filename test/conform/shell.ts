/** A shell command of a test, and the process whose id it leaves in a file. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Runs a command in a folder; resolves when it has ended. */
export function runShell(cwd: string, command: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('sh', ['-c', command], { cwd, stdio: 'ignore' });
    child.once('error', reject);
    child.once('close', () => resolve());
  });
}

/** Does the work, and ends the process that the file names then. */
export async function withPower<T>(pidFile: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL');
  }
}
