/** Peak memory of a process that holds a whole bench with a sparse volume of 1 TiB. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Row } from './row.js';

export function peakMemory(): Row[] {
  const script = fileURLToPath(new URL('./sparse-volume.js', import.meta.url));
  const { stdout, stderr, status } = spawnSync(process.execPath, [script], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return [
    {
      name: 'peak memory, 1 TiB sparse volume, 16 MiB written',
      value: Number(stdout) / 1024,
      unit: 'MiB',
      limit: { at: 'most', value: 256 },
      beside: 'resident set of a process with host, both controllers and all six disks in memory',
    },
  ];
}
