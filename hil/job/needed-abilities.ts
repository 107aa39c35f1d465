/** What a scenario needs of its bench: said before the first step, not when a step comes to it. */

import { AdvisedRefusal } from '../../host/advised-refusal.js';
import { type Bench, ownerOf } from '../bench/bench.js';
import type { Step } from './scenario-file.js';

/** Throws RefusalError `capability-missing` that names the first step for which this bench has no means. */
export function requireAbilities({ can, kind }: Pick<Bench, 'can' | 'kind'>, steps: readonly Step[]): void {
  for (const step of steps) {
    const missing = missingFor(can, step);
    if (missing !== undefined) {
      throw new AdvisedRefusal(
        'capability-missing',
        `the step ${step.kind} needs a bench that can ${missing}; this is ${kind}`,
        'Take another scenario, or give the bench what it needs: docs/bench.md says how.',
        2,
      );
    }
    if ('steps' in step) requireAbilities({ can, kind }, step.steps);
  }
}

function missingFor(can: Bench['can'], step: Step): string | undefined {
  switch (step.kind) {
    case 'cut':
      return can.cutRemote ? undefined : 'cut the line between the controllers';
    case 'diskError':
      return can.failDisks.has(ownerOf[step.area]) ? undefined : `let the disks of ${ownerOf[step.area]} fail`;
    case 'powerOff': {
      const roles = step.role === 'both' ? (['main', 'sub'] as const) : [step.role];
      const without = roles.find((role) => !can.power.has(role));
      return without === undefined ? undefined : `cut the power of ${without}`;
    }
    default:
      return undefined;
  }
}
