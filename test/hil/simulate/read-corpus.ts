/** Plans that once found something, kept as files: each says in a sentence what it found, beside the plan. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readPlanFile } from '../../../hil/simulate/explore/plan-file.js';
import type { AnyPlan } from '../../../hil/simulate/explore/subject.js';
import { RefusalError } from '../../../protocol/refusals.js';

export interface CorpusEntry {
  /** Of the file, without its ending. */
  readonly name: string;
  /** A sentence: what was found, and when. */
  readonly found: string;
  /** Of a pair, or of a link. */
  readonly plan: AnyPlan;
}

const ending = '.json';

/** Every entry of a folder, in order of their names. Throws RefusalError as `readPlanFile`, and for one that says nothing. */
export function readCorpus(folder: string): readonly CorpusEntry[] {
  const files = readdirSync(folder).filter((file) => file.endsWith(ending));
  return files.sort().map((file) => {
    const path = join(folder, file);
    const { plan, found } = readPlanFile(path);
    if (found === '') throw new RefusalError('configuration-invalid', `${path}: found is to say what the plan found`);
    return { name: file.slice(0, -ending.length), found, plan };
  });
}
