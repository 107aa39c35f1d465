/**
 * Keeps two benches from using one board: a lock for each of its lines, whatever the line is made of, from the beginning
 * of a run to its end. serialport locks a port only while it is open, and a board at a socket not at all.
 *
 * The locks are flocks on empty files that stay: the kernel takes a lock back when its process ends, however it ends.
 */

import { createHash } from 'node:crypto';
import { accessSync, closeSync, constants, openSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AdvisedRefusal } from '../../host/advised-refusal.js';
import { RefusalError } from '../../protocol/refusals.js';
import { byIdDirectoryDefault, findByIdPath } from './lines/adapter.js';
import { type LineAddress, parseLineAddress } from './lines/address.js';
import { lockFile } from './lock.js';

export interface BoardLockOptions {
  readonly byIdDirectory?: string;
  /** Where the lock files are; all users of a board must have the same. */
  readonly lockDirectory?: string;
}

/** Where Linux has locks of ports, for everybody to write. */
const lockDirectoryDefault = '/run/lock';

export class BoardLock {
  readonly #fds: readonly number[];

  private constructor(fds: readonly number[]) {
    this.#fds = fds;
  }

  /** Locks the lines of a board. Throws RefusalError `port-in-use` with the process that has one of them. */
  static async take(addresses: readonly string[], options: BoardLockOptions = {}): Promise<BoardLock> {
    const fds: number[] = [];
    try {
      for (const address of addresses) {
        const name = await nameOf(parseLineAddress(address), options.byIdDirectory ?? byIdDirectoryDefault);
        if (name !== undefined) fds.push(locked(name, address, options.lockDirectory ?? lockDirectory()));
      }
      return new BoardLock(fds);
    } catch (error) {
      for (const fd of fds) closeSync(fd);
      throw error;
    }
  }

  release(): void {
    for (const fd of this.#fds) closeSync(fd);
  }
}

/** What is locked: the adapter where it has a name, else the device, else the address. A new PTY is nobody else's. */
async function nameOf(address: LineAddress, byIdDirectory: string): Promise<string | undefined> {
  switch (address.kind) {
    case 'serial':
      return (
        (await findByIdPath(address.path, byIdDirectory)) ?? (await realpath(address.path).catch(() => address.path))
      );
    case 'tcp':
    case 'tcp-listen':
      return `tcp:${address.host}:${address.port}`;
    case 'unix':
    case 'unix-listen':
      return `unix:${await realpath(address.path).catch(() => address.path)}`;
    case 'pty':
      return undefined;
  }
}

function locked(name: string, address: string, directory: string): number {
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 24);
  const fd = openLockFile(join(directory, `coldframe-${hash}.lock`));
  try {
    lockFile(fd, address, 'exclusive');
    return fd;
  } catch (error) {
    closeSync(fd);
    if (!(error instanceof RefusalError)) throw error;
    const { code, detail } = error.refusal;
    if (code !== 'file-in-use') throw error;
    if (!(error instanceof AdvisedRefusal)) throw new RefusalError('port-in-use', detail);
    throw new AdvisedRefusal('port-in-use', detail, 'Close the bench that has it first, or take another port.');
  }
}

/** Read only, as flock asks for no more: the file may belong to another user, whom systems protect against O_CREAT. */
function openLockFile(path: string): number {
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0);
  try {
    return openSync(path, flags);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw refused(path, error);
  }
  try {
    return openSync(path, flags | constants.O_CREAT, 0o644);
  } catch (error) {
    throw refused(path, error);
  }
}

const refused = (path: string, error: unknown) =>
  new RefusalError('file-unreadable', `the lock of a board, ${path}: ${(error as Error).message}`);

function lockDirectory(): string {
  try {
    accessSync(lockDirectoryDefault, constants.W_OK);
    return lockDirectoryDefault;
  } catch {
    // No such place, or not for us.
    return tmpdir();
  }
}
