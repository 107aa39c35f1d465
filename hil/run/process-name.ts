/** What a process is, for people who have to find it. */
import { readFileSync } from 'node:fs';

/** Characters of a command line that are shown. */
const commandMax = 120;

/** Its command line, or undefined where the system does not tell. */
export function commandOf(pid: number): string | undefined {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim();
    return words === '' ? undefined : words.slice(0, commandMax);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // It has ended meanwhile, it is hidden, or there is no such list on this system.
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES') return undefined;
    throw error;
  }
}

/** "process 123 (minicom -D /dev/ttyUSB0)". */
export function processName(pid: number): string {
  const command = commandOf(pid);
  return command === undefined ? `process ${pid}` : `process ${pid} (${command})`;
}
