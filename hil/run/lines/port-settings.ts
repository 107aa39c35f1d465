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
const TIOCMGET = 0x5415;
const TIOCM_CTS = 0x20;
/** struct termios2: four words of flags, the line discipline, 19 control characters, then both speeds. */
const termios2Bytes = 44;
const outputSpeedAt = 40;

/** Asks a port that is open already: opening it for this alone could reset the board behind it. */
export function readPortSettings(path: string): PortSettings {
  const library = libc();
  if (library === undefined || !architectures.includes(process.arch)) return {};
  // O_NOCTTY and O_NONBLOCK, as for any port.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOCTTY | constants.O_NONBLOCK);
  try {
    const termios = ask(library, fd, TCGETS2, termios2Bytes);
    const bits = ask(library, fd, TIOCMGET, 4)?.readUInt32LE();
    return {
      ...(termios === undefined ? {} : { baud: termios.readUInt32LE(outputSpeedAt) }),
      ...(bits === undefined ? {} : { cts: (bits & TIOCM_CTS) !== 0 }),
    };
  } finally {
    closeSync(fd);
  }
}

/** What the call fills in, or undefined where this device does not know it. */
function ask(library: Libc, fd: number, request: number, bytes: number): Buffer | undefined {
  const answer = Buffer.alloc(bytes);
  try {
    checked('ioctl', library.ioctl(fd, request, answer));
    return answer;
  } catch (error) {
    if (error instanceof SystemCallError) return undefined;
    throw error;
  }
}
