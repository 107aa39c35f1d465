/**
 * What a serial port is really set to, and what its modem lines say: drivers round baud rates to what their hardware can,
 * and tell it only when asked.
 */
import { closeSync, constants, openSync } from 'node:fs';
import { checked, type Libc, libc, SystemCallError } from '../libc.js';

/** What is not known is left out: not on Linux, an architecture of other constants, or, of modem lines, a PTY. */
export interface PortSettings {
  /** Bits per second that leave the port. */
  readonly baud?: number;
  /** Clear to send: the other side lets this one send. */
  readonly cts?: boolean;
}

/** asm-generic/ioctls.h and termbits.h, which these architectures share; others have their own numbers. */
const architectures: readonly string[] = ['x64', 'arm64', 'arm', 'ia32', 'riscv64', 'loong64'];
const TCGETS2 = 0x802c542a;
const TCSETS2 = 0x402c542b;
const TIOCMGET = 0x5415;
const TIOCM_CTS = 0x20;
/** struct termios2: four words of flags, the line discipline, 19 control characters, then both speeds. */
const termios2Bytes = 44;
const controlFlagsAt = 8;
const outputSpeedAt = 40;
/** Drop DTR when the port is closed: a bit of the control flags. */
const HUPCL = 0x400;

/** Asks a port that is open already: opening it for this alone could reset the board behind it. */
export function readPortSettings(path: string): PortSettings {
  const asked = withPort(path, (library, fd) => ({
    termios: ask(library, fd, TCGETS2, Buffer.alloc(termios2Bytes)),
    bits: ask(library, fd, TIOCMGET, Buffer.alloc(4))?.readUInt32LE(),
  }));
  return {
    ...(asked?.termios === undefined ? {} : { baud: asked.termios.readUInt32LE(outputSpeedAt) }),
    ...(asked?.bits === undefined ? {} : { cts: (asked.bits & TIOCM_CTS) !== 0 }),
  };
}

/** Whether the device behind an open port has gone: then every question to it fails with EIO. */
export function isHungUp(fd: number): boolean {
  const library = libc();
  if (library === undefined || !architectures.includes(process.arch)) return false;
  try {
    checked('ioctl', library.ioctl(fd, TCGETS2, Buffer.alloc(termios2Bytes)));
    return false;
  } catch (error) {
    if (error instanceof SystemCallError) return error.code === 'EIO';
    throw error;
  }
}

/**
 * Lets a port keep DTR when it is closed: dropped, and raised again by the next opening, it resets many boards. The first
 * opening after the adapter was plugged in raises it whatever is done.
 */
export function keepDtrOnClose(path: string): void {
  withPort(path, (library, fd) => {
    const termios = ask(library, fd, TCGETS2, Buffer.alloc(termios2Bytes));
    if (termios === undefined) return;
    termios.writeUInt32LE((termios.readUInt32LE(controlFlagsAt) & ~HUPCL) >>> 0, controlFlagsAt);
    ask(library, fd, TCSETS2, termios);
  });
}

/** Undefined where nothing is known of ports, or this one has just gone. */
function withPort<Result>(path: string, work: (library: Libc, fd: number) => Result): Result | undefined {
  const library = libc();
  if (library === undefined || !architectures.includes(process.arch)) return undefined;
  const fd = openPort(path);
  if (fd === undefined) return undefined;
  try {
    return work(library, fd);
  } finally {
    closeSync(fd);
  }
}

function openPort(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOCTTY | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENXIO' || code === 'EIO' || code === 'ENODEV' || code === 'EBUSY')
      return undefined;
    throw error;
  }
}

/** What the call leaves in its argument, or undefined where this device does not know it. */
function ask(library: Libc, fd: number, request: number, argument: Buffer): Buffer | undefined {
  try {
    checked('ioctl', library.ioctl(fd, request, argument));
    return argument;
  } catch (error) {
    if (error instanceof SystemCallError) return undefined;
    throw error;
  }
}
