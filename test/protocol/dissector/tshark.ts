/** The generated dissector as it runs: in tshark. */
import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const script = fileURLToPath(new URL('../../../../protocol/dissector/coldframe.lua', import.meta.url));

/** Whether this machine has tshark. Where `COLDFRAME_TSHARK=required`, as in CI, its absence is a failure. */
export const hasTshark = spawnSync('tshark', ['--version']).status === 0;
export const isTsharkRequired = process.env.COLDFRAME_TSHARK === 'required';

/** The values of one frame by the names of their fields, in the order of the tree. */
export type Fields = ReadonlyMap<string, readonly string[]>;

export interface Dissected {
  readonly frames: readonly Fields[];
  /** Whatever tshark complained of. */
  readonly errors: string;
}

/** Dissects a capture; the fields of the dissector alone. */
export async function dissect(path: string, ...options: string[]): Promise<Dissected> {
  const args = ['-X', `lua_script:${script}`, '-r', path, '-T', 'json', '--no-duplicate-keys', ...options];
  const { stdout, stderr } = await promisify(execFile)('tshark', args, { maxBuffer: 2 ** 29 });
  const complaints = stderr.split('\n').filter((line) => line !== '' && !line.startsWith('Running as user'));
  const luaErrors = stdout.split('\n').filter((line) => /lua error/i.test(line) || line.includes('_ws.malformed'));
  const packets = JSON.parse(stdout) as { _source: { layers: Record<string, unknown> } }[];
  return {
    frames: packets.map(({ _source }) => fieldsOf(_source.layers)),
    errors: [...new Set([...complaints, ...luaErrors])].join('\n'),
  };
}

function fieldsOf(layers: unknown): Fields {
  const fields = new Map<string, string[]>();
  const gather = (value: unknown, name: string): void => {
    if (Array.isArray(value)) for (const each of value) gather(each, name);
    else if (typeof value === 'object' && value !== null) {
      for (const [key, each] of Object.entries(value)) gather(each, key);
    } else if (name.startsWith('coldframe.')) fields.set(name, [...(fields.get(name) ?? []), String(value)]);
  };
  gather(layers, '');
  return fields;
}
