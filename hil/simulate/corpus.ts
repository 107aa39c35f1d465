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

function parsedJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new Error(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
