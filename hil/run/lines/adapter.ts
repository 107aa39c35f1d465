/**
 * The adapter behind a serial port: how it is found again after it was unplugged, whatever its port is called then. By
 * udev's name for it, or, where there is no udev, by vendor, product, serial number and interface as sysfs has them.
 */
import { readdir, realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { RefusalError } from '../../../protocol/refusals.js';
import { namesIn, realPathOf } from '../sysfs.js';
import { usbDeviceOf, usbInterfaceOf } from '../usb-device.js';

/** Where udev links serial adapters by vendor, model and serial number. */
export const byIdDirectoryDefault = '/dev/serial/by-id';

/** Where the system keeps what it knows of ports. */
export interface AdapterPlaces {
  readonly sysDirectory: string;
  readonly devDirectory: string;
  readonly byIdDirectory: string;
}

export const adapterPlacesDefault: AdapterPlaces = {
  sysDirectory: '/sys',
  devDirectory: '/dev',
  byIdDirectory: byIdDirectoryDefault,
};

export type Adapter =
  /** Its link, which leads to its port while it is plugged in. */
  | { readonly kind: 'by-id'; readonly path: string }
  /** Vendor, product, serial number and interface. */
  | { readonly kind: 'usb'; readonly identity: string };

/** The adapter behind the port at `path`, or undefined when there is none, or none now. */
export async function adapterAt(path: string, places: AdapterPlaces): Promise<Adapter | undefined> {
  const byIdPath = await findByIdPath(path, places.byIdDirectory);
  if (byIdPath !== undefined) return { kind: 'by-id', path: byIdPath };
  const device = realPathOf(path);
  const identity = device === undefined ? undefined : identityOf(basename(device), places);
  return identity === undefined ? undefined : { kind: 'usb', identity };
}

/** The path of an adapter's port now. Throws RefusalError `line-unavailable` while it is away, or not alone of its kind. */
export function portOfAdapter(adapter: Adapter, places: AdapterPlaces): string {
  if (adapter.kind === 'by-id') return adapter.path;
  const names = namesIn(join(places.sysDirectory, 'class/tty'));
  const found = names.filter((name) => identityOf(name, places) === adapter.identity);
  const [name] = found;
  if (name !== undefined && found.length === 1) return join(places.devDirectory, name);
  const what = name === undefined ? 'is not plugged in' : `cannot be told from another one (${found.join(', ')})`;
  throw new RefusalError('line-unavailable', `the adapter ${adapter.identity} ${what}`);
}

/** The link in `directory` that leads to the same device as `path`, or undefined. */
export async function findByIdPath(path: string, directory: string): Promise<string | undefined> {
  try {
    const device = await realpath(path);
    for (const name of await readdir(directory)) {
      const link = join(directory, name);
      if (realPathOf(link) === device) return link;
    }
  } catch (error) {
    // No such port now, or no such directory (no adapter is plugged in, no udev): there is no name to find.
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
  return undefined;
}

function identityOf(name: string, { sysDirectory }: AdapterPlaces): string | undefined {
  const device = usbDeviceOf(sysDirectory, name);
  if (device === undefined) return undefined;
  const { vendorId, productId = '????', serialNumber = 'without a serial number' } = device;
  return `${vendorId}:${productId} ${serialNumber}, interface ${usbInterfaceOf(sysDirectory, name)}`;
}
