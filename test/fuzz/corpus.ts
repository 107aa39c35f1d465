/** Inputs that once showed a defect, in test/fuzz/corpus/<target>/: they are run with every `npm test`. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../../../test/fuzz/corpus/', import.meta.url));

export interface NamedInput {
  readonly name: string;
  readonly input: Uint8Array;
}

/** Those of one target, by name. */
export function regressions(target: string): readonly NamedInput[] {
  const path = join(folder, target);
  if (!existsSync(path)) return [];
  return readdirSync(path)
    .sort()
    .map((name) => ({ name, input: readFileSync(join(path, name)) }));
}

/** Names of the targets that have any. */
export function regressionTargets(): string[] {
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}

/** Writes an input below `out`, named after its contents; returns the path. */
export function saveInput(out: string, target: string, input: Uint8Array): string {
  const name = createHash('sha256').update(input).digest('hex').slice(0, 12);
  const path = join(out, target, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, input);
  return path;
}

/** The target of an input that was saved: the folder that it lies in. */
export function targetOf(path: string): string {
  return basename(dirname(resolve(path)));
}
