/** Which requirements a run is for. */
import { RefusalError } from '../../protocol/refusals.js';
import type { Requirement } from './check.js';
import { requirements, rooms } from './requirements.js';

/**
 * The requirements that a text names: numbers and letters with commas between them; all of them for undefined. Throws
 * RefusalError `argument-invalid` for what names none.
 */
export function selected(only: string | undefined): readonly Requirement[] {
  if (only === undefined) return requirements;
  const words = only.split(',').map((word) => word.trim().toUpperCase());
  for (const word of words) {
    if (word in rooms || requirements.some(({ number }) => number === word)) continue;
    throw new RefusalError(
      'argument-invalid',
      `there is no requirement ${word || '""'}; docs/conformance.md lists them`,
    );
  }
  return requirements.filter(({ number }) => words.some((word) => word === number || word === number[0]));
}
