/**
 * A board at an adapter that a test unplugs and plugs in again: a line to the board, a PTY that stands for the port, and
 * what the system says of the adapter, in a folder of its own.
 */
import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { AdapterPlaces } from '../../../../hil/run/lines/adapter.js';
import type { Line } from '../../../../hil/run/lines/line.js';
import { openPtyLine, type PtyLine } from '../../../../hil/run/lines/open-line.js';

export class PluggedBoard {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'coldframe-plug-')));
  readonly places: AdapterPlaces = {
    sysDirectory: join(this.folder, 'sys'),
    devDirectory: '/dev/pts',
    byIdDirectory: join(this.folder, 'by-id'),
  };
  /** Bytes that have come from the host. */
  carriedBytes = 0;
  readonly #board: Line | undefined;
  readonly #hasUdev: boolean;
  #port: PtyLine | undefined;
  #onCarried: () => void = () => {};

  /** Without udev there are no links by id, and sysfs alone tells adapters apart. */
  constructor({ board, hasUdev }: { readonly board?: Line; readonly hasUdev: boolean }) {
    this.#board = board;
    this.#hasUdev = hasUdev;
    for (const name of ['by-id', 'sys/class/tty']) mkdirSync(join(this.folder, name), { recursive: true });
    board?.on('data', (bytes) => this.#port?.write(bytes));
  }

  /** Where the port is now. */
  get path(): string {
    return this.#port?.path ?? '';
  }

  /** Plugs the adapter in: its port is a new PTY. */
  plugIn(serialNumber = 'A10K'): PtyLine {
    const port = openPtyLine({ kind: 'pty' });
    port.on('data', (bytes) => {
      this.carriedBytes += bytes.length;
      this.#board?.write(bytes);
      this.#onCarried();
    });
    this.#port = port;
    if (this.#hasUdev) {
      const link = join(this.places.byIdDirectory, `usb-Board_${serialNumber}`);
      symlinkSync(port.path, `${link}.new`);
      renameSync(`${link}.new`, link);
    } else describeAdapter(this.places.sysDirectory, basename(port.path), serialNumber);
    return port;
  }

  /** Pulls it: the port is gone, and what the system said of it. */
  async pull(): Promise<void> {
    const port = this.#port;
    this.#port = undefined;
    if (port === undefined) return;
    rmSync(join(this.places.sysDirectory, 'class/tty', basename(port.path)), { recursive: true, force: true });
    await port.close();
  }

  /** Resolves when so many bytes have come from the host in all. */
  async carried(bytes: number): Promise<void> {
    while (this.carriedBytes < bytes) {
      await new Promise<void>((resolve) => {
        this.#onCarried = resolve;
      });
    }
  }

  async close(): Promise<void> {
    await this.pull();
    await this.#board?.close();
    rmSync(this.folder, { recursive: true });
  }
}

/** An FTDI adapter behind the port `name`, as sysfs shows it. */
export function describeAdapter(sysDirectory: string, name: string, serialNumber: string): void {
  const device = join(sysDirectory, 'devices/usb1', `1-${name}`);
  mkdirSync(join(device, `1-${name}:1.0`, name), { recursive: true });
  for (const [file, text] of Object.entries({ idVendor: '0403', idProduct: '6001', serial: serialNumber })) {
    writeFileSync(join(device, file), `${text}\n`);
  }
  mkdirSync(join(sysDirectory, 'class/tty', name), { recursive: true });
  symlinkSync(join(device, `1-${name}:1.0`, name), join(sysDirectory, 'class/tty', name, 'device'));
}
