/** Lines to processes: this side as a line, and the address under which the process finds the other one. */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { unreachable } from '../../protocol/ids.js';
import { RefusalError } from '../../protocol/refusals.js';
import type { Line } from '../run/lines/line.js';
import { openLine, openPtyLine } from '../run/lines/open-line.js';

/** What lines between processes are made of. */
export const transports = ['unix', 'tcp', 'pty'] as const;
export type Transport = (typeof transports)[number];

export interface NearLine {
  readonly line: Line;
  /** What the process opens. It may come and go: this side stays. */
  readonly address: string;
}

export interface NearLineOptions {
  readonly transport: Transport;
  /** Where sockets are made. */
  readonly folder: string;
  readonly name: string;
  /** The pace of a PTY, bits per second. */
  readonly baud?: number | undefined;
}

/** A PTY has no pace of its own; this is one that every serial port can be set to. */
const ptyBaudDefault = 4_000_000;
/** How long a listener is given to get its port: so many looks, so many milliseconds apart. */
const portTries = 200;
const portPauseMs = 5;

/** Makes the near side. Throws RefusalError `line-unavailable`. */
export async function nearLine({ transport, folder, name, baud }: NearLineOptions): Promise<NearLine> {
  switch (transport) {
    case 'pty': {
      const line = openPtyLine({ kind: 'pty' });
      return { line, address: `serial:${line.path}?baud=${baud ?? ptyBaudDefault}` };
    }
    case 'unix': {
      const path = join(folder, `${name}.sock`);
      return { line: openLine({ kind: 'unix-listen', path }), address: `unix:${path}` };
    }
    case 'tcp': {
      const line = openLine({ kind: 'tcp-listen', host: '127.0.0.1', port: 0 });
      return { line, address: await portOf(line) };
    }
    default:
      return unreachable(transport);
  }
}

async function portOf(line: Line): Promise<string> {
  for (let tries = 0; tries < portTries; tries += 1) {
    if (!line.name.endsWith(':0')) return line.name.replace('tcp-listen:', 'tcp:');
    await pause(portPauseMs);
  }
  await line.close();
  throw new RefusalError('line-unavailable', line.trouble?.detail ?? `${line.name}: no port`);
}
