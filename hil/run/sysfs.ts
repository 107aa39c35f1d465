/** Reading of sysfs and folders of links, whose entries come and go with what is plugged in. */
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';

/** The names in a folder; none where there is no such folder. */
export function namesIn(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory) : [];
}

/** A file's text, or undefined where there is none. */
export function textOf(path: string): string | undefined {
  return unlessGone(() => readFileSync(path, 'utf8').trim());
}

/** Where a path leads, or undefined where it leads nowhere. */
export function realPathOf(path: string): string | undefined {
  return unlessGone(() => realpathSync(path));
}

/** The two numbers of a device, as Linux puts them into one for stat(2). */
export function deviceNumbers(device: bigint): { readonly major: bigint; readonly minor: bigint } {
  return { major: (device >> 8n) & 0xfffn, minor: (device & 0xffn) | ((device >> 12n) & 0xfff00n) };
}

function unlessGone<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENODEV' || code === 'ENOTDIR' || code === 'EIO') return undefined;
    throw error;
  }
}
