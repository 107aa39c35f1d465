/**
 * Pseudo terminals: a serial line within this computer. The other side opens `path` as it would open a serial port.
 *
 * The terminal is set to raw mode, or it would echo and translate what the first client finds. Our own descriptor of the
 * slave side stays open: without any, the master reads EIO, and the settings are lost with the last client.
 */
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { Duplex } from 'node:stream';
import { ReadStream } from 'node:tty';
import { RefusalError } from '../../../protocol/refusals.js';
import { checked, type Libc, libc, SystemCallError } from '../libc.js';

export interface Pty {
  /** What the other side opens, such as /dev/pts/3. */
  readonly path: string;
  /** Bytes written to it come out at `path`, and the other way round. Destroying it removes the terminal. */
  readonly stream: Duplex;
}

/** struct termios has 60 bytes with glibc and musl on every Linux; room to spare costs nothing. */
const termiosBytesMax = 256;
const pathBytesMax = 128;
const TCSANOW = 0;

/** Makes a pseudo terminal in raw mode; throws RefusalError `line-unavailable` where that is not possible. */
export function openPty(): Pty {
  const library = libc();
  if (library === undefined) {
    throw new RefusalError('line-unavailable', `pty: works on Linux only, not on ${process.platform}; use tcp://`);
  }
  try {
    return openPtyWith(library);
  } catch (error) {
    if (error instanceof SystemCallError) throw new RefusalError('line-unavailable', `pty: ${error.message}`);
    throw error;
  }
}

function openPtyWith(library: Libc): Pty {
  // O_CLOEXEC, which Node has no name for: hook commands must not keep our terminals alive.
  const closeOnExec = 0o2000000;
  const flags = constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK | closeOnExec;
  const masterFd = checked('posix_openpt', library.posixOpenpt(flags));
  let slaveFd: number | undefined;
  try {
    checked('grantpt', library.grantpt(masterFd));
    checked('unlockpt', library.unlockpt(masterFd));
    const path = slavePath(library, masterFd);
    slaveFd = openSync(path, constants.O_RDWR | constants.O_NOCTTY);
    makeRaw(library, slaveFd);
    return { path, stream: new PtyStream(masterFd, slaveFd) };
  } catch (error) {
    closeSync(masterFd);
    if (slaveFd !== undefined) closeSync(slaveFd);
    throw error;
  }
}

function slavePath(library: Libc, masterFd: number): string {
  const name = Buffer.alloc(pathBytesMax);
  // ptsname_r returns the error in place of setting errno, but sets it too on Linux.
  checked('ptsname_r', -library.ptsnameR(masterFd, name, name.length));
  return name.toString('utf8', 0, name.indexOf(0));
}

function makeRaw(library: Libc, fd: number): void {
  const termios = Buffer.alloc(termiosBytesMax);
  checked('tcgetattr', library.tcgetattr(fd, termios));
  library.cfmakeraw(termios);
  checked('tcsetattr', library.tcsetattr(fd, TCSANOW, termios));
}

/** How long to wait before trying again to write to a terminal that is full, in milliseconds. */
const retryMsMin = 1;
const retryMsMax = 16;

/**
 * The master side as a stream. It is read as a tty stream, which costs a quarter of serialport's way, and written with
 * direct calls: a tty stream on a master writes blocking, and would stop the process once nobody reads the other side.
 */
class PtyStream extends Duplex {
  readonly #masterFd: number;
  readonly #slaveFd: number;
  readonly #reader: ReadStream;
  #retry: NodeJS.Timeout | undefined;

  constructor(masterFd: number, slaveFd: number) {
    super({ highWaterMark: 64 * 1024 });
    this.#masterFd = masterFd;
    this.#slaveFd = slaveFd;
    this.#reader = new ReadStream(masterFd);
    this.#reader.on('data', (bytes) => {
      if (!this.push(bytes)) this.#reader.pause();
    });
    this.#reader.on('error', (error) => this.destroy(error));
    this.#reader.on('close', () => this.destroy());
  }

  override _read(): void {
    this.#reader.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    this.#writeFrom(chunk, 0, retryMsMin, done);
  }

  override _writev(chunks: readonly { chunk: Buffer }[], done: (error?: Error) => void): void {
    this.#writeFrom(Buffer.concat(chunks.map(({ chunk }) => chunk)), 0, retryMsMin, done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearTimeout(this.#retry);
    closeSync(this.#slaveFd);
    this.#reader.once('close', () => done(error));
    this.#reader.destroy();
  }

  #writeFrom(chunk: Buffer, from: number, retryMs: number, done: (error?: Error) => void): void {
    let at = from;
    let failure: NodeJS.ErrnoException | undefined;
    try {
      while (at < chunk.length) at += writeSync(this.#masterFd, chunk, at);
    } catch (error) {
      failure = error as NodeJS.ErrnoException;
    }
    if (failure?.code !== 'EAGAIN') {
      done(failure);
      return;
    }
    // Nothing tells when a client reads; look soon while it does, and seldom while it does not.
    const waitMs = at > from ? retryMsMin : retryMs;
    this.#retry = setTimeout(() => this.#writeFrom(chunk, at, Math.min(waitMs * 2, retryMsMax), done), waitMs);
  }
}
