/** The bench file that `coldframe init` writes: a start that runs, with what else there is in comments. */
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PortInfo } from '../run/ports.js';

/** docs/bench.schema.json of this installation. */
const schemaPath = fileURLToPath(new URL('../../../docs/bench.schema.json', import.meta.url));

export interface TemplateOptions {
  /** Where the file will lie: editors find the schema from there. */
  readonly folder: string;
  /** The serial ports of this computer. */
  readonly ports: readonly PortInfo[];
}

/**
 * The text of the file. Two USB adapters or more make a bench of boards at the first two; otherwise it is the emulator,
 * and its lines to boards stand in comments.
 */
export function benchTemplate({ folder, ports }: TemplateOptions): string {
  const addresses = adaptersOf(ports).map(addressOf);
  const [host, sub] = addresses;
  const isLines = host !== undefined && sub !== undefined;
  return [
    `# yaml-language-server: $schema=${relative(folder, schemaPath)}`,
    header,
    isLines ? boards(host, sub) : emulator,
    pair,
    ...(isLines ? [] : [lineExample(host ?? '/dev/serial/by-id/usb-FTDI_FT232R_A10K-if00-port0')]),
    rest,
    portList(ports, addresses),
  ].join('\n');
}

/** Adapters that boards are plugged in with; the UARTs of a computer seldom lead to one. */
function adaptersOf(ports: readonly PortInfo[]): PortInfo[] {
  return ports.filter(({ vendorId }) => vendorId !== undefined);
}

const addressOf = ({ path, byIdPath }: PortInfo): string => byIdPath ?? path;

const header = `# What scenarios run on. Check it:  coldframe doctor --bench THIS-FILE
#                        Use it:    coldframe run --bench THIS-FILE
# Everything may be left out; docs/bench.md explains each field.
`;

const emulator = `# emulator: two models in virtual time. in-process: in real time. processes: each model a process of its own, or a
# board in its place. lines: two boards.
kind: emulator
`;

function boards(host: string, sub: string): string {
  return `# lines: two boards, wired to each other. processes: a model in the place of one of them (roles, below).
# emulator and in-process: models alone, for which the lines below go away.
kind: lines

# Host ports of the boards. Add &rtscts=1 where RTS and CTS are wired, &bootMs=2000 where opening a
# port resets the board.
lines:
  host: serial:${host}?baud=921600
  sub: serial:${sub}?baud=921600

# A model in the place of the sub: kind: processes, and the lines of main alone.
# roles: {main: line, sub: model}
# lines: {host: "serial:…", mainRemote: "serial:…"}
`;
}

const pair = `# How main keeps and sends an image: copy, differential or streaming. Boards must be set to the same, and to these
# sizes.
method: differential
block: 4KiB
volumes:
  - size: 8MiB
`;

function lineExample(port: string): string {
  return `# A board in the place of the sub, beside a modelled main (and kind: processes above). It has two ports: one to the
# host, one to the main controller. coldframe ports lists what is plugged in.
# roles: {sub: line}
# lines:
#   sub: serial:${port}?baud=921600
#   subRemote: serial:/dev/ttyUSB1?baud=921600

# Lines to models can be as slow and bad as real ones.
# lines:
#   remote: {baud: 921600, latency: 2, ber: 1e-7}
`;
}

const rest = `# What the models send each other is compressed where that helps; boards are told by other means. Off:
# compress: off

# Seals the lines: head -c32 /dev/urandom | xxd -p -c64 > pair.key && chmod 600 pair.key
# keyFile: pair.key
# keyFiles: {hostMain: host-main.key, hostSub: host-sub.key, mainSub: main-sub.key}

# Shell commands around each freeze, and the power of boards.
# hooks:
#   quiesce: fsfreeze -f /mnt
#   resume: fsfreeze -u /mnt
#   powerOff: {sub: uhubctl -l 1-1 -p 2 -a off}
#   powerOn: {sub: uhubctl -l 1-1 -p 2 -a on}
#   diskError: {sub: ./fail-disk.sh}

# What the controllers can do besides copying one volume; everything unless given.
# features: [groups, sealed, suspend, takeover, failback]
`;

function portList(ports: readonly PortInfo[], addresses: readonly string[]): string {
  if (ports.length === 0) return '# Serial ports found when this file was written: none.\n';
  const lines = ports.map((port) => {
    const about = [port.manufacturer, port.product, port.serialNumber].filter((each) => each !== undefined).join(' ');
    const isUsed = addresses.slice(0, 2).includes(addressOf(port)) && addresses.length > 1;
    return `#   serial:${addressOf(port)}${about === '' ? '' : `  ${about}`}${isUsed ? '  (above)' : ''}`;
  });
  return ['# Serial ports found when this file was written:', ...lines, ''].map(printable).join('\n');
}

/** What an adapter calls itself must not end a comment. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ');
}
