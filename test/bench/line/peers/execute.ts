/** Programs of others, as processes. */
import { spawn } from 'node:child_process';
import { accessSync, closeSync, constants, openSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { PeerCommand } from './peer.js';

/** Whether a program is there, by its path or on PATH. */
export function isInstalled(program: string): boolean {
  const folders = program.includes('/') ? [''] : (process.env.PATH ?? '').split(delimiter);
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

export interface Running {
  /** Its exit code, or undefined when it was stopped. Rejects when it could not be started. */
  readonly ended: Promise<number | undefined>;
  stop(): void;
}

/** Starts a program, with its port as input and output if it has one; what it prints otherwise is dropped. */
export function start({ program, arguments: words, folder, port }: PeerCommand): Running {
  const device = port === undefined ? undefined : openSync(port, constants.O_RDWR | constants.O_NOCTTY);
  const stdio = device ?? ('ignore' as const);
  const child = spawn(program, words, { cwd: folder, stdio: [stdio, stdio, 'ignore'] });
  if (device !== undefined) closeSync(device);
  const ended = new Promise<number | undefined>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? undefined));
  });
  return { ended, stop: () => child.kill('SIGKILL') };
}

/** Runs a program to its end; throws unless that is a good one. */
export async function execute(program: string, words: readonly string[]): Promise<void> {
  const code = await start({ program, arguments: words, folder: '.' }).ended;
  if (code !== 0) throw new Error(`${program} ended with ${code}`);
}
