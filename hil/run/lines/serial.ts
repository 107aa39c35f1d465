/**
 * Serial ports, through the serialport package. Each opening makes a SerialPort of its own, as one that was lost does not
 * come back; a board that was unplugged is found again by its name in /dev/serial/by-id, whatever its port is now.
 */
import { readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { SerialPort } from 'serialport';
import { RefusalError } from '../../../protocol/refusals.js';
import { formatLineAddress, type LineAddress } from './address.js';
import type { OpenStream, StreamSource } from './stream-line.js';

export interface SerialSourceOptions {
  /** Where udev keeps the names of adapters by their serial numbers. */
  readonly byIdDirectory?: string;
}

/** Where udev links serial adapters by vendor, model and serial number. */
export const byIdDirectoryDefault = '/dev/serial/by-id';
/** How long an open or a close may take; serialport itself has no limit, in milliseconds. */
const stepMsMax = 3000;

export class SerialSource implements StreamSource {
  readonly name: string;
  readonly #address: LineAddress & { kind: 'serial' };
  readonly #byIdDirectory: string;
  #byIdPath: string | undefined;

  constructor(
    address: LineAddress & { kind: 'serial' },
    { byIdDirectory = byIdDirectoryDefault }: SerialSourceOptions,
  ) {
    this.name = formatLineAddress(address);
    this.#address = address;
    this.#byIdDirectory = byIdDirectory;
  }

  async next(): Promise<OpenStream> {
    const { baud, rtscts } = this.#address;
    // Once the board's own name is known, the port's name may belong to another board.
    this.#byIdPath ??= await findByIdPath(this.#address.path, this.#byIdDirectory);
    const path = this.#byIdPath ?? this.#address.path;
    // Dropping DTR on close, as hupcl does, would reset many boards.
    const port = new SerialPort({ path, baudRate: baud, rtscts, hupcl: false, autoOpen: false });
    await openPort(port, this.name);
    return { stream: port, release: () => releasePort(port) };
  }

  async close(): Promise<void> {
    // Every step of `next` ends by itself, and nothing is held between two openings.
  }
}

/** The link in `directory` that leads to the same device as `path`, or undefined. */
export async function findByIdPath(path: string, directory: string): Promise<string | undefined> {
  try {
    const device = await realpath(path);
    for (const name of await readdir(directory)) {
      const link = join(directory, name);
      if ((await realpath(link)) === device) return link;
    }
  } catch (error) {
    // No such port now, or no such directory (no adapter is plugged in, no udev): there is no name to find.
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
  return undefined;
}

function openPort(port: SerialPort, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (detail: string) => reject(new RefusalError('line-unavailable', `${name}: ${detail}`));
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      refuse(`opening took more than ${stepMsMax} ms`);
    }, stepMsMax);
    port.open((error) => {
      clearTimeout(timer);
      if (late) return void releasePort(port);
      if (error !== null) return refuse(error.message.replace(/^Error:? /, ''));
      resolve();
    });
  });
}

/** Closes the port if it is open. What could not leave is thrown away first, or the driver would wait for it. */
async function releasePort(port: SerialPort): Promise<void> {
  if (!port.isOpen) return;
  port.on('error', () => {});
  if (port.writableLength > 0) await settled((done) => port.flush(done));
  // A loss may have closed it meanwhile; then the callback brings an error, which says what is wanted.
  await settled((done) => port.close(done));
}

/** Waits for a callback, whatever it brings, but not for ever. */
function settled(start: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, stepMsMax);
    start(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
