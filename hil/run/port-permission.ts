/** Whether this user may use a device file, and what to do when not. */
import { accessSync, constants, readFileSync, type Stats, statSync } from 'node:fs';

/** Who asks. */
export interface PortUserIds {
  readonly uid: number;
  readonly gids: readonly number[];
}

/** Undefined when the device may be used; otherwise what to do about it. `as`: another user than this process's. */
export function permissionRemedy(path: string, as?: PortUserIds): string | undefined {
  if (as === undefined ? mayUse(path) : allows(statSync(path), as)) return undefined;
  const { gid, mode } = statSync(path);
  const group = groupName(gid);
  if ((mode & 0o060) !== 0o060 || gid === 0) return `sudo chmod a+rw ${path}, and a udev rule to keep it so`;
  return `sudo usermod -aG ${group} "$USER", then log in anew (or for this shell: newgrp ${group})`;
}

function mayUse(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'EPERM') return false;
    throw error;
  }
}

function allows({ uid, gid, mode }: Stats, as: PortUserIds): boolean {
  if (as.uid === 0) return true;
  const shift = uid === as.uid ? 6 : as.gids.includes(gid) ? 3 : 0;
  return ((mode >> shift) & 0o6) === 0o6;
}

/** dialout on Debian and Fedora, uucp on Arch: the system's own list knows. */
function groupName(gid: number): string {
  const entries = readFileSync('/etc/group', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  return entries.find(([, , id]) => id === String(gid))?.[0] ?? String(gid);
}
