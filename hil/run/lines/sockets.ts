/** TCP and Unix sockets as lines: clients that connect again, listeners that serve one client at a time. */
import { lstat, unlink } from 'node:fs/promises';
import { connect, createServer, type NetConnectOpts, type Server, type Socket } from 'node:net';
import { type RefusalCode, RefusalError } from '../../../protocol/refusals.js';
import { formatLineAddress, type LineAddress } from './address.js';
import type { OpenStream, StreamSource } from './stream-line.js';

export type ClientAddress = LineAddress & { kind: 'tcp' | 'unix' };
export type ListenAddress = LineAddress & { kind: 'tcp-listen' | 'unix-listen' };

/** How long a connection may take, and a socket to say goodbye, in milliseconds. */
const connectMsMax = 3000;
const goodbyeMsMax = 500;
/** After so long without traffic the other end of a TCP line is asked whether it is there, in milliseconds. */
const keepAliveMs = 5000;
const listensAlready = 'another process listens there';

export class ClientSource implements StreamSource {
  readonly name: string;
  readonly #address: ClientAddress;
  #connecting: Socket | undefined;

  constructor(address: ClientAddress) {
    this.name = formatLineAddress(address);
    this.#address = address;
  }

  async next(): Promise<OpenStream> {
    const socket = connect(connectOptions(this.#address));
    this.#connecting = socket;
    try {
      await connected(socket);
    } catch (error) {
      socket.destroy();
      throw new RefusalError('line-unavailable', `${this.name}: ${whyNot(error as NodeJS.ErrnoException)}`);
    } finally {
      this.#connecting = undefined;
    }
    return openSocket(socket);
  }

  async close(): Promise<void> {
    this.#connecting?.destroy(new Error('closed'));
  }
}

export class ListenerSource implements StreamSource {
  readonly #address: ListenAddress;
  readonly #server: Server;
  #opening: Promise<void> = Promise.resolve();
  #inUse = false;
  #closed = false;
  #waiting: Socket | undefined;
  #wake: () => void = () => {};

  constructor(address: ListenAddress) {
    this.#address = address;
    this.#server = createServer({ noDelay: true, pauseOnConnect: true }, (socket) => this.#arrive(socket));
  }

  /** The address; for TCP port 0 with the port that it got, once it listens. */
  get name(): string {
    const bound = this.#server.address();
    if (this.#address.kind !== 'tcp-listen' || bound === null || typeof bound === 'string') {
      return formatLineAddress(this.#address);
    }
    return formatLineAddress({ ...this.#address, port: bound.port });
  }

  get isListening(): boolean {
    return this.#server.listening;
  }

  async next(): Promise<OpenStream> {
    if (!this.#server.listening) {
      this.#opening = this.#listen();
      await this.#opening;
    }
    for (;;) {
      if (this.#closed) throw new RefusalError('line-unavailable', `${this.name}: closed`);
      const socket = this.#waiting;
      this.#waiting = undefined;
      if (socket !== undefined && !socket.destroyed) return this.#take(socket);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#waiting?.destroy();
    this.#wake();
    // A server that is still on its way to listening cannot be closed; the line hears how that ends, too.
    await this.#opening.catch(() => {});
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }

  #take(socket: Socket): OpenStream {
    this.#inUse = true;
    const { stream, release } = openSocket(socket);
    return { stream, release: () => release().finally(() => (this.#inUse = false)) };
  }

  /** Keeps a newcomer until the line takes it; a line that has its client turns it away. */
  #arrive(socket: Socket): void {
    socket.on('error', () => {});
    if (this.#inUse || this.#closed) return void socket.destroy();
    this.#waiting?.destroy();
    this.#waiting = socket;
    this.#wake();
  }

  async #listen(): Promise<void> {
    const address = this.#address;
    if (address.kind === 'unix-listen') await removeStaleSocket(address);
    await new Promise<void>((resolve, reject) => {
      const failed = ({ code, message }: NodeJS.ErrnoException) => {
        const isTaken = code === 'EADDRINUSE';
        const detail = `${this.name}: ${isTaken ? listensAlready : message}`;
        reject(new RefusalError(isTaken ? 'port-in-use' : 'line-unavailable', detail));
      };
      this.#server.once('error', failed);
      const where =
        address.kind === 'unix-listen' ? { path: address.path } : { host: address.host, port: address.port };
      this.#server.listen(where, () => {
        this.#server.off('error', failed);
        resolve();
      });
    });
  }
}

/** Removes a socket file that a killed process left behind; refuses one that somebody listens on, or another file. */
async function removeStaleSocket(address: ListenAddress & { kind: 'unix-listen' }): Promise<void> {
  const { path } = address;
  const refuse = (detail: string, code: RefusalCode = 'line-unavailable') =>
    new RefusalError(code, `${formatLineAddress(address)}: ${detail}`);
  try {
    if (!(await lstat(path)).isSocket()) throw refuse('another kind of file has this name', 'file-exists');
    const probe = connect({ path });
    const answered = await connected(probe).then(
      () => true,
      () => false,
    );
    probe.destroy();
    if (answered) throw refuse(listensAlready, 'port-in-use');
    await unlink(path);
  } catch (error) {
    if (error instanceof RefusalError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') throw refuse(message);
  }
}

const whyNot = ({ code, message }: NodeJS.ErrnoException): string =>
  code === 'ECONNREFUSED' || code === 'ENOENT' ? 'nobody listens there' : message;

function connectOptions(address: ClientAddress): NetConnectOpts {
  if (address.kind === 'unix') return { path: address.path };
  return { host: address.host, port: address.port, noDelay: true };
}

function connected(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (outcome: () => void) => {
      clearTimeout(timer);
      outcome();
    };
    const timer = setTimeout(() => socket.destroy(new Error(`no answer in ${connectMsMax} ms`)), connectMsMax);
    socket.once('connect', () => settle(resolve));
    // Stays, as an error may follow another one.
    socket.on('error', (error) => settle(() => reject(error)));
  });
}

function openSocket(socket: Socket): OpenStream {
  socket.setKeepAlive(true, keepAliveMs);
  return { stream: socket, release: () => releaseSocket(socket) };
}

/** Says goodbye after what was written, if that goes at once, and frees the descriptor in any case. */
function releaseSocket(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) return resolve();
    const timer = setTimeout(() => socket.destroy(), goodbyeMsMax);
    socket.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
    socket.resume();
    socket.destroySoon();
  });
}
