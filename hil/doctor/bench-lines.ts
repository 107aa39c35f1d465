/** The lines of a bench that lead to something that is not started here. */

import { type BenchFile, rolesOf } from '../bench/bench-file.js';
import { readKeys } from '../bench/bench-keys.js';
import { parseArea } from '../run/disks/area.js';
import type { LineToExamine } from './examine.js';

/** In the order of the file. Throws RefusalError for key files as `readKeyFile` does. */
export function linesOfBench(bench: BenchFile): LineToExamine[] {
  const { lines } = bench;
  const keys = readKeys(bench);
  const roles = rolesOf(bench);
  const all: readonly (Omit<LineToExamine, 'address'> & { readonly address: unknown })[] = [
    { name: 'lines.host', address: lines.host, role: 'host', expected: 'main', key: keys.hostMain },
    { name: 'lines.sub', address: lines.sub, role: 'host', expected: 'sub', key: keys.hostSub },
    { name: 'lines.mainRemote', address: lines.mainRemote, role: 'sub', expected: 'main', key: keys.mainSub },
    { name: 'lines.subRemote', address: lines.subRemote, role: 'main', expected: 'sub', key: keys.mainSub },
    ...(roles.main === 'model' ? disksOf(bench, 'main', ['primary', 'shadow']) : []),
    ...(roles.sub === 'model' ? disksOf(bench, 'sub', ['staging', 'secondary']) : []),
  ];
  return all.flatMap(({ address, ...rest }) => (typeof address === 'string' ? [{ ...rest, address }] : []));
}

type AreaNames = readonly ('primary' | 'shadow' | 'staging' | 'secondary')[];

function disksOf({ volumes, meta }: BenchFile, role: 'main' | 'sub', names: AreaNames): LineToExamine[] {
  const areas = volumes.flatMap(({ areas: of }, index) =>
    names.map((name) => ({ name: `volumes.${index}.areas.${name}`, text: of[name] })),
  );
  return [...areas, { name: `meta.${role}`, text: meta[role] }].flatMap(({ name, text }) => {
    if (text === undefined || parseArea(text).kind !== 'line') return [];
    return [{ name, address: text, role, expected: 'disk' as const }];
  });
}
