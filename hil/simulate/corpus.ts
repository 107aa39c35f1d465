/** Plans that once found something, kept as JSON files: each says in a sentence what it found, beside the plan. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type Plan, planSchema } from './plan.js';

const entrySchema = z.strictObject({
  /** A sentence: what was found, and when. */
  found: z.string().min(1),
  plan: planSchema,
});

export interface CorpusEntry {
  /** Of the file, without its ending. */
  readonly name: string;
  readonly found: string;
  readonly plan: Plan;
}

const ending = '.json';

/** Every entry of a folder, in order of their names. Throws an Error that names the file which holds no entry. */
export function readCorpus(folder: string): readonly CorpusEntry[] {
  const files = readdirSync(folder).filter((file) => file.endsWith(ending));
  return files.sort().map((file) => {
    const parsed = entrySchema.safeParse(parsedJson(join(folder, file)));
    if (!parsed.success) throw new Error(`${join(folder, file)}: ${z.prettifyError(parsed.error)}`);
    return { name: file.slice(0, -ending.length), ...parsed.data };
  });
}

/** The text of a file: each value, operation and fault on a line of its own. */
export function entryText({ found, plan }: Omit<CorpusEntry, 'name'>): string {
  const { configuration, operations, faults, ...rest } = plan;
  const members = (value: object) =>
    Object.entries(value).map(([name, each]) => `${JSON.stringify(name)}: ${JSON.stringify(each)}`);
  const block = (name: string, [open, close]: string, lines: readonly string[]) =>
    lines.length === 0
      ? `    "${name}": ${open}${close}`
      : `    "${name}": ${open}\n${lines.map((line) => `      ${line}`).join(',\n')}\n    ${close}`;
  const parts = [
    ...members(rest).map((line) => `    ${line}`),
    block('configuration', '{}', members(configuration)),
    block(
      'operations',
      '[]',
      operations.map((each) => JSON.stringify(each)),
    ),
    block(
      'faults',
      '[]',
      faults.map((each) => JSON.stringify(each)),
    ),
  ];
  return `{\n  "found": ${JSON.stringify(found)},\n  "plan": {\n${parts.join(',\n')}\n  }\n}\n`;
}

function parsedJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new Error(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
