/**
 * The runs of some seeds, as they have to be on every machine and under every version of Node. They change whenever the
 * firmware or the simulator does: `npm run documents` writes them again.
 */
import { defaultSettings, planOf, runSubject, type Subject } from '../../../hil/simulate/explore/subject.js';
import { withPureSteps } from '../../../hil/simulate/guard.js';

/** Each method, clear and sealed lines, power cuts, lines that lose nearly everything, and a takeover. */
const seeds: Readonly<Record<Subject, readonly number[]>> = { pair: [3, 7, 10, 15, 41], link: [1, 2] };

export interface GoldenTrace {
  readonly traceHash: string;
  readonly generatorState: string;
  readonly events: number;
}

/** By name of the plan: "pair 3". */
export function goldenTraces(): Record<string, GoldenTrace> {
  const plans = Object.entries(seeds).flatMap(([subject, each]) =>
    each.map((seed) => [subject as Subject, seed] as const),
  );
  return withPureSteps((pure) =>
    Object.fromEntries(
      plans.map(([subject, seed]) => {
        const result = runSubject(planOf(subject, seed, defaultSettings), defaultSettings, pure);
        const { traceHash, generatorState, events } = result;
        return [`${subject} ${seed}`, { traceHash, generatorState, events }];
      }),
    ),
  );
}

/** The text of golden-traces.json. */
export function goldenTracesDocument(): string {
  return `${JSON.stringify(goldenTraces(), undefined, 2)}\n`;
}
