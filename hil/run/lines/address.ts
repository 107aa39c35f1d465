/**
 * Addresses of lines as they stand on the command line and in bench files.
 *
 *     serial:/dev/ttyUSB0?baud=921600&rtscts=1      tcp://127.0.0.1:7001      unix:/run/x.sock         pty:
 *     serial:/dev/serial/by-id/usb-FTDI_…?baud=…    tcp-listen://[::1]:7001   unix-listen:/run/x.sock
 *
 * More options of serial ports: `dtr=pulse` resets a board at each opening (`dtr=keep`, the default, leaves DTR alone),
 * `bootMs=1500` waits until a board that resets has come up.
 */
import { unreachable } from '../../../protocol/ids.js';
import { RefusalError } from '../../../protocol/refusals.js';

export type LineAddress =
  | {
      readonly kind: 'serial';
      readonly path: string;
      readonly baud: number;
      /** RTS and CTS stop whoever sends too fast; without them the protocol's credit alone does. */
      readonly rtscts: boolean;
      /** `pulse`: DTR is dropped for a moment at each opening, which resets boards that are wired so. */
      readonly dtr?: 'pulse';
      /** How long a board needs after an opening: nothing is sent, and what it says is thrown away, in milliseconds. */
      readonly bootMs?: number;
    }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'tcp-listen'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'unix-listen'; readonly path: string }
  | { readonly kind: 'pty'; readonly baud?: number };

/** The baud rate of a serial port whose address gives none. */
export const baudDefault = 115_200;
/** What one baud rate may be at most; the fastest adapters do 12 Mbaud. */
export const baudMax = 50_000_000;
/** The longest wait for a board to boot, in milliseconds. */
const bootMsMax = 60_000;
/** The most bytes of a Unix socket's path: sun_path of unix(7), less its final zero. */
export const socketPathBytesMax = 107;

const forms: Readonly<Record<LineAddress['kind'], string>> = {
  serial: 'serial:/dev/ttyUSB0?baud=921600&rtscts=1',
  tcp: 'tcp://127.0.0.1:7001',
  'tcp-listen': 'tcp-listen://127.0.0.1:7001',
  unix: 'unix:/run/x.sock',
  'unix-listen': 'unix-listen:/run/x.sock',
  pty: 'pty:',
};

/** Reads an address; throws RefusalError `line-address` that says what is wrong and shows the right form. */
export function parseLineAddress(text: string): LineAddress {
  const colon = text.indexOf(':');
  const kind = text.slice(0, Math.max(0, colon));
  const rest = text.slice(colon + 1);
  switch (kind) {
    case 'serial':
      return parseSerial(text, rest);
    case 'tcp':
    case 'tcp-listen':
      return { kind, ...parseHostAndPort(kind, text, rest) };
    case 'unix':
    case 'unix-listen':
      return { kind, path: parseSocketPath(kind, text, rest) };
    case 'pty':
      return parsePty(text, rest);
    default: {
      const what = kind === '' ? 'it has no kind' : `there is no kind "${kind}"`;
      throw refuse(text, what, `one of ${Object.values(forms).join(', ')}`);
    }
  }
}

/** The text that `parseLineAddress` reads as this address. */
export function formatLineAddress(address: LineAddress): string {
  switch (address.kind) {
    case 'serial':
      return `serial:${encodePath(address.path)}?${serialOptions(address)}`;
    case 'tcp':
    case 'tcp-listen':
      return `${address.kind}://${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
    case 'unix':
    case 'unix-listen':
      return `${address.kind}:${address.path}`;
    case 'pty':
      return address.baud === undefined ? 'pty:' : `pty:?baud=${address.baud}`;
    default:
      return unreachable(address);
  }
}

function serialOptions({ baud, rtscts, dtr, bootMs }: LineAddress & { kind: 'serial' }): string {
  const options = [`baud=${baud}`];
  if (rtscts) options.push('rtscts=1');
  if (dtr !== undefined) options.push(`dtr=${dtr}`);
  if (bootMs !== undefined) options.push(`bootMs=${bootMs}`);
  return options.join('&');
}

function parseSerial(text: string, rest: string): LineAddress {
  const mark = rest.indexOf('?');
  const path = decodePath(text, mark === -1 ? rest : rest.slice(0, mark));
  if (path === '') throw refuse(text, 'it names no port', forms.serial);
  const options = parseOptions(text, 'serial', mark === -1 ? '' : rest.slice(mark + 1), serialOptionNames);
  return {
    kind: 'serial',
    path,
    baud: parseBaud(text, 'serial', options.get('baud')) ?? baudDefault,
    rtscts: parseSwitch(text, 'rtscts', options.get('rtscts')),
    ...parseDtr(text, options.get('dtr')),
    ...parseBoot(text, options.get('bootMs')),
  };
}

const serialOptionNames = ['baud', 'rtscts', 'dtr', 'bootMs'] as const;

function parseDtr(text: string, value: string | undefined): { readonly dtr?: 'pulse' } {
  if (value === undefined || value === 'keep') return {};
  if (value === 'pulse') return { dtr: 'pulse' };
  throw refuse(text, `dtr is keep or pulse, not "${value}"`, forms.serial);
}

function parseBoot(text: string, value: string | undefined): { readonly bootMs?: number } {
  if (value === undefined || value === '0') return {};
  const bootMs = Number(value);
  if (/^\d{1,6}$/.test(value) && bootMs <= bootMsMax) return { bootMs };
  throw refuse(text, `"${value}" is no bootMs of 0 to ${bootMsMax} milliseconds`, forms.serial);
}

function parsePty(text: string, rest: string): LineAddress {
  if (rest !== '' && !rest.startsWith('?')) throw refuse(text, `"${rest}" does not belong there`, forms.pty);
  const baud = parseBaud(text, 'pty', parseOptions(text, 'pty', rest.slice(1), ['baud']).get('baud'));
  return baud === undefined ? { kind: 'pty' } : { kind: 'pty', baud };
}

function parseHostAndPort(kind: 'tcp' | 'tcp-listen', text: string, rest: string): { host: string; port: number } {
  const form = forms[kind];
  const match = /^\/\/(?:\[([^\]/]+)\]|([^:/[\]]+)):([^/]*)$/.exec(rest);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined) throw refuse(text, 'it has no //host:port', form);
  const port = Number(match?.[3]);
  // Port 0 lets a listener take any free one; a client cannot connect to it.
  const portMin = kind === 'tcp' ? 1 : 0;
  if (!/^\d{1,5}$/.test(match?.[3] ?? '') || port < portMin || port > 65_535) {
    throw refuse(text, `"${match?.[3]}" is no port of ${portMin} to 65535`, form);
  }
  return { host, port };
}

function parseSocketPath(kind: 'unix' | 'unix-listen', text: string, path: string): string {
  if (path === '') throw refuse(text, 'it names no socket', forms[kind]);
  const length = Buffer.byteLength(path);
  if (length > socketPathBytesMax) {
    throw refuse(text, `the path has ${length} bytes, sockets allow ${socketPathBytesMax}`, forms[kind]);
  }
  return path;
}

function parseOptions(
  text: string,
  kind: 'serial' | 'pty',
  query: string,
  known: readonly string[],
): Map<string, string> {
  const options = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(query)) {
    if (!known.includes(name))
      throw refuse(text, `there is no option "${name}", only ${known.join(', ')}`, forms[kind]);
    if (options.has(name)) throw refuse(text, `the option "${name}" stands twice`, forms[kind]);
    options.set(name, value);
  }
  return options;
}

function parseBaud(text: string, kind: 'serial' | 'pty', value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const baud = Number(value);
  if (!/^\d{1,9}$/.test(value) || baud < 1 || baud > baudMax) {
    throw refuse(text, `"${value}" is no baud rate of 1 to ${baudMax}`, forms[kind]);
  }
  return baud;
}

function parseSwitch(text: string, name: string, value: string | undefined): boolean {
  if (value === undefined || value === '0') return false;
  if (value === '1') return true;
  throw refuse(text, `${name} is 0 or 1, not "${value}"`, forms.serial);
}

/** Only what would be read otherwise is escaped, so that ordinary paths stay as they are. */
function encodePath(path: string): string {
  return path.replace(/[%?]/g, (each) => encodeURIComponent(each));
}

function decodePath(text: string, path: string): string {
  if (/%(?![0-9A-Fa-f]{2})/.test(path)) throw refuse(text, 'a % in a path is written %25', forms.serial);
  return path.replace(/%(25|3[Ff])/g, (each) => decodeURIComponent(each));
}

function refuse(text: string, what: string, form: string): RefusalError {
  return new RefusalError('line-address', `${JSON.stringify(text)}: ${what}; it looks like ${form}`);
}
