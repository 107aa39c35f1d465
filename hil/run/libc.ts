/**
 * The few calls of the C library that Node has no function for: PTYs, settings of serial ports, file locks, holes in files. They are made through
 * koffi, whose package brings prebuilt binaries, so nobody needs a compiler.
 */
import koffi from 'koffi';
import { assert } from '../../protocol/ids.js';

/** A failed call: `code` is the name of errno, as in Node's own errors. */
export class SystemCallError extends Error {
  readonly code: string;
  constructor(call: string, code: string) {
    super(`${code}: ${call}`);
    this.name = 'SystemCallError';
    this.code = code;
  }
}

export interface Libc {
  posixOpenpt(flags: number): number;
  grantpt(fd: number): number;
  unlockpt(fd: number): number;
  ptsnameR(fd: number, into: Buffer, length: number): number;
  tcgetattr(fd: number, termios: Buffer): number;
  cfmakeraw(termios: Buffer): void;
  tcsetattr(fd: number, actions: number, termios: Buffer): number;
  ioctl(fd: number, request: number, argument: Buffer): number;
  flock(fd: number, operation: number): number;
  lseek(fd: number, offset: number, whence: number): number;
  /** Runs on koffi's worker threads, as it may wait for the disk; errno is that of the call. */
  fallocate(fd: number, mode: number, offset: number, length: number): Promise<void>;
}

let loaded: Libc | undefined;

/** The C library on Linux, or undefined on systems whose constants and structures we don't know. */
export function libc(): Libc | undefined {
  if (process.platform !== 'linux') return undefined;
  loaded ??= load();
  return loaded;
}

/** Returns `result`, or throws the error that errno tells when it is negative. */
export function checked(call: string, result: number): number {
  if (result >= 0) return result;
  throw new SystemCallError(call, errorName(koffi.errno()));
}

function load(): Libc {
  const library = koffi.load(null);
  const declare = (prototype: string) => library.func(prototype);
  // Where `long` has 32 bits, the plain names take offsets of 32 bits; the 64 ones exist wherever the plain ones do.
  const wide = koffi.sizeof('long') === 8 ? '' : '64';
  const fallocate = declare(`int fallocate${wide}(int fd, int mode, int64_t offset, int64_t length)`);
  return {
    posixOpenpt: declare('int posix_openpt(int flags)'),
    grantpt: declare('int grantpt(int fd)'),
    unlockpt: declare('int unlockpt(int fd)'),
    ptsnameR: declare('int ptsname_r(int fd, void *into, size_t length)'),
    tcgetattr: declare('int tcgetattr(int fd, void *termios)'),
    cfmakeraw: declare('void cfmakeraw(void *termios)'),
    tcsetattr: declare('int tcsetattr(int fd, int actions, void *termios)'),
    ioctl: declare('int ioctl(int fd, unsigned long request, void *argument)'),
    flock: declare('int flock(int fd, int operation)'),
    lseek: declare(`int64_t lseek${wide}(int fd, int64_t offset, int whence)`),
    fallocate: (fd, mode, offset, length) =>
      new Promise((resolve, reject) => {
        fallocate.async(fd, mode, offset, length, (error: Error | null, result: number) => {
          if (error !== null) return reject(error);
          if (result === 0) return resolve();
          reject(new SystemCallError('fallocate', errorName(koffi.errno())));
        });
      }),
  };
}

function errorName(number: number): string {
  for (const [name, value] of Object.entries(koffi.os.errno)) if (value === number) return name;
  assert(number > 0, 'a failed call left no errno');
  return `errno ${number}`;
}
