/** A model of a controller that cannot work with what it was given: what its process says, and ends with. */
import { AdvisedRefusal } from '../../host/advised-refusal.js';
import type { Refusal, RefusalCode } from '../../protocol/refusals.js';

interface Halt {
  readonly exit: 2;
  /** Where the general one speaks of two controllers, or of other areas. */
  readonly remedy: string;
}

/** Refusals of options and areas that do not fit each other; any other halt is one of a disk that cannot be used. */
export const haltsOfUsage: Readonly<Partial<Record<RefusalCode, Halt>>> = {
  'wrong-method': { exit: 2, remedy: 'Give the --method of the pair, or new areas for a new pair.' },
  'block-size-mismatch': { exit: 2, remedy: 'Give the --block of the pair, or new areas for a new pair.' },
  'volume-mismatch': { exit: 2, remedy: 'Give the volumes of the pair, in their order, or new areas for a new pair.' },
  'foreign-area': { exit: 2, remedy: 'Give the areas that belong together, or new ones for a new pair.' },
  'file-size': { exit: 2, remedy: 'Give --meta a larger area that is new, for a new pair.' },
};

/** How the process of a controller that halted ends. */
export function haltedRefusal({ code, detail }: Refusal): AdvisedRefusal {
  const { exit = 3, remedy } = haltsOfUsage[code] ?? {};
  return new AdvisedRefusal(code, detail, remedy, exit);
}
