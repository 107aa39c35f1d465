/** What the USB device behind a serial port says of itself, as sysfs has it. */
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { realPathOf, textOf } from './sysfs.js';

/** What is not known is left out. */
export interface UsbDevice {
  /** Four hexadecimal digits each. */
  readonly vendorId: string;
  readonly productId?: string;
  readonly manufacturer?: string;
  readonly product?: string;
  readonly serialNumber?: string;
  /** The kernel's driver, such as ftdi_sio. */
  readonly driver?: string;
}

/** The device behind the port `name`, such as ttyUSB0; undefined for ports that are no USB adapters. */
export function usbDeviceOf(sysDirectory: string, name: string): UsbDevice | undefined {
  const folder = deviceFolder(sysDirectory, name);
  const vendorId = folder === undefined ? undefined : textOf(join(folder, 'idVendor'));
  if (folder === undefined || vendorId === undefined) return undefined;
  const driver = realPathOf(join(sysDirectory, 'class/tty', name, 'device/driver'));
  const others = {
    productId: textOf(join(folder, 'idProduct')),
    manufacturer: textOf(join(folder, 'manufacturer')),
    product: textOf(join(folder, 'product')),
    serialNumber: textOf(join(folder, 'serial')),
    driver: driver === undefined ? undefined : basename(driver),
  };
  return { vendorId, ...Object.fromEntries(Object.entries(others).filter(([, value]) => value !== undefined)) };
}

/** Which of an adapter's ports this is: the end of its interface's name, "1.0" of "3-2:1.0". */
export function usbInterfaceOf(sysDirectory: string, name: string): string {
  const port = realPathOf(join(sysDirectory, 'class/tty', name, 'device')) ?? '';
  return /:(\d+\.\d+)(?:\/|$)/.exec(port)?.[1] ?? '';
}

/** The device stands a few folders above its port. */
function deviceFolder(sysDirectory: string, name: string): string | undefined {
  let folder = realPathOf(join(sysDirectory, 'class/tty', name, 'device')) ?? '/';
  while (folder !== '/' && !existsSync(join(folder, 'idVendor'))) folder = dirname(folder);
  return folder === '/' ? undefined : folder;
}
