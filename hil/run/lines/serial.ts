/**
 * Serial ports, through the serialport package. Each opening makes a SerialPort of its own, as one that was lost does not
 * come back; a board that was unplugged is found again by its adapter, whatever its port is now.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { SerialPort } from 'serialport';
import { RefusalError } from '../../../protocol/refusals.js';
import { usersOfPorts } from '../port-users.js';
import { processName } from '../process-name.js';
import { type Adapter, type AdapterPlaces, adapterAt, adapterPlacesDefault, portOfAdapter } from './adapter.js';
import { formatLineAddress, type LineAddress } from './address.js';
import { isHungUp, keepDtrOnClose } from './port-settings.js';
import type { OpenStream, StreamSource } from './stream-line.js';

/** Where adapters are looked for, where that is not as usual. */
export type SerialSourceOptions = Partial<AdapterPlaces>;

/** How long an open or a close may take; serialport itself has no limit, in milliseconds. */
const stepMsMax = 3000;
/** How often an open port is asked whether its device is still there, in milliseconds. */
const lookMs = 250;
/** How long DTR is dropped to reset a board, in milliseconds: the usual circuit makes a pulse of it. */
const pulseMs = 100;

export class SerialSource implements StreamSource {
  readonly name: string;
  readonly #address: LineAddress & { kind: 'serial' };
  readonly #places: AdapterPlaces;
  readonly #closed = new AbortController();
  #adapter: Adapter | undefined;

  constructor(address: LineAddress & { kind: 'serial' }, places: SerialSourceOptions) {
    const { sysDirectory, devDirectory, byIdDirectory } = { ...adapterPlacesDefault, ...places };
    this.name = formatLineAddress(address);
    this.#address = address;
    this.#places = { sysDirectory, devDirectory, byIdDirectory };
  }

  async next(): Promise<OpenStream> {
    const { baud, rtscts, dtr, bootMs = 0 } = this.#address;
    // Once the board's own adapter is known, the port's name may belong to another one.
    this.#adapter ??= await adapterAt(this.#address.path, this.#places);
    const path = this.#adapter === undefined ? this.#address.path : portOfAdapter(this.#adapter, this.#places);
    const port = new SerialPort({ path, baudRate: baud, rtscts, hupcl: false, autoOpen: false });
    await openPort(port, this.name);
    // serialport leaves HUPCL as it finds it, and most drivers begin with it.
    keepDtrOnClose(path);
    const unwatch = closeWhenGone(port);
    const release = () => {
      unwatch();
      return releasePort(port);
    };
    try {
      if (dtr === 'pulse') await pulseDtr(port);
      if (bootMs > 0) await this.#boot(port, bootMs);
    } catch (error) {
      await release();
      throw error;
    }
    return { stream: port, lossOf, release };
  }

  async close(): Promise<void> {
    // Every other step of `next` ends by itself, and nothing is held between two openings.
    this.#closed.abort();
  }

  /** Waits until the board has come up. What it says meanwhile is for people, and what it heard could hold it up. */
  async #boot(port: SerialPort, bootMs: number): Promise<void> {
    const drop = () => {};
    const gone = new AbortController();
    const leave = () => gone.abort();
    port.on('data', drop);
    port.on('error', drop);
    port.once('close', leave);
    const signal = AbortSignal.any([gone.signal, this.#closed.signal]);
    // The pause only ever rejects because there is nothing more to wait for.
    await pause(bootMs, undefined, { signal }).catch(drop);
    port.pause();
    port.off('data', drop);
    port.off('close', leave);
    if (signal.aborted) throw new RefusalError('line-unavailable', `${this.name}: gone before the board had come up`);
  }
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
      if (error === null) return resolve();
      const user = isTaken(error) ? usersOf(port.path) : undefined;
      if (user === undefined) refuse(whyNot(error));
      else reject(new RefusalError('port-in-use', `${name}, by ${user}`));
    });
  });
}

const goneText = 'the port is gone';
/** What reads and writes end with on a port whose device has gone, or that serialport is closing because of it. */
const goneWords = /\b(EIO|EBADF|ENXIO|ENODEV)\b|bad file descriptor|Port is not open|Canceled/i;

/** The same words for one loss, whether a read, a write or a look at the port met it first. */
const lossOf = ({ message }: Error): string => (goneWords.test(message) ? goneText : message);

/** Somebody has locked the port, or taken it for exclusive use. */
const isTaken = ({ message }: Error): boolean => /Cannot lock port|resource busy/.test(message);

const whyNot = ({ message }: Error): string =>
  message.includes('No such file') ? 'there is no such port' : message.replace(/^Error:? /, '');

function usersOf(path: string): string | undefined {
  const [user] = usersOfPorts([path]).get(path) ?? [];
  return user === undefined ? undefined : processName(user.pid);
}

/**
 * Closes a port whose device has gone. serialport notices it by itself while it waits for bytes; a read that is under way
 * at that moment brings none, and it reads again for ever. Returns how to stop watching.
 */
function closeWhenGone(port: SerialPort): () => void {
  const timer = setInterval(() => {
    const { port: binding } = port;
    const fd = binding !== undefined && 'fd' in binding ? binding.fd : undefined;
    if (typeof fd !== 'number' || !isHungUp(fd)) return;
    clearInterval(timer);
    port.close(() => {}, new Error(goneText));
  }, lookMs);
  return () => clearInterval(timer);
}

/** A port without modem lines, such as a PTY, has nothing to reset a board with. */
async function pulseDtr(port: SerialPort): Promise<void> {
  await settled((done) => port.set({ dtr: false, rts: true }, done));
  await pause(pulseMs);
  await settled((done) => port.set({ dtr: true, rts: true }, done));
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
