import type { DiskName } from '../../protocol/device.js';
import { volumesMax } from '../../protocol/ids.js';

/** The names of the disks of all volumes in a place, each made once: a new string is hashed anew at each look-up. */
export function diskNames(place: 'primary' | 'shadow' | 'staging' | 'secondary'): (volume: number) => DiskName {
  const names = Array.from({ length: volumesMax }, (_, volume): DiskName => `${place}${volume}`);
  return (volume) => names[volume] ?? `${place}${volume}`;
}
