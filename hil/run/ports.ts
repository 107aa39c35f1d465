/**
 * The serial ports of this computer, for `coldframe ports`. On Linux they are read from sysfs, which is always there:
 * serialport's own list asks udevadm, which containers and small systems lack. Elsewhere that list is asked.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { SerialPort } from 'serialport';
import { type AdapterPlaces, adapterPlacesDefault } from './lines/adapter.js';
import { type PortUserIds, permissionRemedy } from './port-permission.js';
import { type PortUser, usersOfPorts } from './port-users.js';
import { processName } from './process-name.js';
import { namesIn, realPathOf, textOf } from './sysfs.js';
import { type UsbDevice, usbDeviceOf } from './usb-device.js';

/** One port; what is not known is left out. */
export interface PortInfo extends Partial<UsbDevice> {
  /** As the system names it now, such as /dev/ttyUSB0. */
  readonly path: string;
  /** The name that stays with the adapter, whatever port it gets. */
  readonly byIdPath?: string;
  /** How long the adapter waits for more bytes before it hands over what came in, in milliseconds. */
  readonly latencyTimerMs?: number;
  /** Other processes that have it open. */
  readonly users: readonly PortUser[];
  /** What will get in the way, and what to do about it. */
  readonly warnings: readonly string[];
}

/** Where the system keeps what it knows of ports. */
export interface PortPlaces extends AdapterPlaces {
  /** Whose permissions count; this process's unless given. */
  readonly user?: PortUserIds;
}

/** Where this computer keeps it. */
export const portPlaces: PortPlaces = adapterPlacesDefault;
/** With a longer one every answer of a board waits noticeably, in milliseconds. */
export const latencyTimerMsGood = 1;

/** All ports, by name. */
export async function listPorts(places: PortPlaces = portPlaces): Promise<readonly PortInfo[]> {
  if (process.platform === 'linux') return listLinuxPorts(places);
  const ports = await SerialPort.list();
  return ports.map(({ path, manufacturer, serialNumber, vendorId, productId }) => ({
    path,
    ...known({ manufacturer, serialNumber, vendorId, productId }),
    ...{ users: [], warnings: [] },
  }));
}

/** The ports that sysfs knows hardware behind. */
export function listLinuxPorts(where: PortPlaces): readonly PortInfo[] {
  const names = namesIn(join(where.sysDirectory, 'class/tty')).filter((name) => isPort(where, name));
  names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const links = byIdLinks(where.byIdDirectory);
  const usersOfAll = usersOfPorts(names.map((name) => join(where.devDirectory, name)));
  return names.map((name) => {
    const path = join(where.devDirectory, name);
    const latencyTimerMs = latencyTimerOf(where, name);
    const users = usersOfAll.get(path) ?? [];
    return {
      path,
      ...known({ byIdPath: links.get(realPathOf(path) ?? path), latencyTimerMs }),
      ...usbDeviceOf(where.sysDirectory, name),
      users,
      warnings: warningsOf(where, { name, path, latencyTimerMs, users }),
    };
  });
}

/** Ports for people: a line each, its warnings below it. */
export function formatPorts(ports: readonly PortInfo[]): string {
  if (ports.length === 0) return 'No serial ports found.\n';
  return ports.map((port) => `${describe(port)}\n`).join('');
}

function describe(port: PortInfo): string {
  const ids = port.vendorId === undefined ? '' : `${port.vendorId}:${port.productId ?? '????'}`;
  const timer = port.latencyTimerMs === undefined ? '' : `latency timer ${port.latencyTimerMs} ms`;
  const driver = port.driver === undefined ? '' : `driver ${port.driver}`;
  const about = [port.manufacturer, port.product, port.serialNumber, ids, driver, timer];
  const parts = [
    `serial:${port.byIdPath ?? port.path}`,
    port.byIdPath === undefined ? '' : `now ${port.path}`,
    ...about,
  ];
  const line = parts.filter((part) => part !== undefined && part !== '').join('  ');
  return [line, ...port.warnings.map((warning) => `  warning: ${warning}`)].join('\n');
}

/** Consoles and PTYs have no device; places for UARTs that nobody plugged in have one of type 0. */
function isPort({ sysDirectory }: PortPlaces, name: string): boolean {
  const folder = join(sysDirectory, 'class/tty', name);
  return existsSync(join(folder, 'device')) && textOf(join(folder, 'type')) !== '0';
}

/** The file that holds the latency timer of a port. */
export function latencyTimerFile({ sysDirectory }: PortPlaces, name: string): string {
  return join(sysDirectory, 'bus/usb-serial/devices', name, 'latency_timer');
}

/** In milliseconds; undefined for adapters that have none. */
export function latencyTimerOf(where: PortPlaces, name: string): number | undefined {
  const text = textOf(latencyTimerFile(where, name));
  return text === undefined || !/^\d+$/.test(text) ? undefined : Number(text);
}

function warningsOf(
  where: PortPlaces,
  port: { name: string; path: string; latencyTimerMs: number | undefined; users: readonly PortUser[] },
): string[] {
  const { name, path, latencyTimerMs, users } = port;
  const warnings: string[] = [];
  if (latencyTimerMs !== undefined && latencyTimerMs > latencyTimerMsGood) {
    const remedy = `echo 1 | sudo tee ${latencyTimerFile(where, name)}`;
    warnings.push(`answers wait up to ${latencyTimerMs} ms in the adapter; ${remedy}`);
  }
  if (!existsSync(path)) return [...warnings, 'there is no such device file here'];
  const remedy = permissionRemedy(path, where.user);
  if (remedy !== undefined) warnings.push(`you may not use it; ${remedy}`);
  return [...warnings, ...users.map(({ pid }) => `in use by ${processName(pid)}`)];
}

function byIdLinks(directory: string): Map<string, string> {
  const links = new Map<string, string>();
  for (const name of namesIn(directory)) {
    const link = join(directory, name);
    const target = realPathOf(link);
    if (target !== undefined) links.set(target, link);
  }
  return links;
}

function known<Values extends Record<string, unknown>>(
  values: Values,
): { [Name in keyof Values]?: Exclude<Values[Name], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}
