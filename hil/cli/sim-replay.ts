/** `coldframe sim --replay`: a plan from a file, run twice. */

import { RefusalError } from '../../protocol/refusals.js';
import { countText, durationText } from '../report/quantity.js';
import { readPlanFile } from '../simulate/explore/plan-file.js';
import { type RunSettings, runSubject, type SubjectResult, subjectOf } from '../simulate/explore/subject.js';
import { withPureSteps } from '../simulate/guard.js';
import type { Plan } from '../simulate/plan.js';
import { tellStory } from '../simulate/story.js';
import { commandWords } from './command-words.js';
import type { SimOptions } from './commands/sim.js';
import { violationText } from './sim-text.js';
import { takesColour } from './terminal.js';

/** Returns the exit code: 1 for a violation, and for a plan that runs differently the second time. */
export function replayPlan(options: SimOptions & { readonly replay: string }): number {
  const { plan, found, settings: told } = readPlanFile(options.replay);
  if (options.story === true && 'subject' in plan)
    throw new RefusalError('argument-invalid', '--story: a plan of the link has none; leave it out');
  const settings = { ...told, ...given(options) };
  const [first, second] = withPureSteps((pure) => [runSubject(plan, settings, pure), runSubject(plan, settings, pure)]);
  const isSame = first.traceHash === second.traceHash && first.generatorState === second.generatorState;
  const exit = first.violation === undefined && isSame ? 0 : 1;
  if (options.json === true) {
    const { coverage: _coverage, ...result } = first;
    process.stdout.write(`${JSON.stringify({ exit, subject: subjectOf(plan), deterministic: isSame, ...result })}\n`);
    return exit;
  }
  const lines = [
    ...(options.story === true && !('subject' in plan) ? [storyOf(plan, options.replay)] : []),
    ...(first.violation === undefined ? ['no violation'] : violationText(first.violation)),
    ...differenceFromFile(first, found),
    `  ${countText(first.events)} events, ${durationText(first.virtualUs)} of virtual time, ${countText(first.applied)} faults`,
    `trace ${first.traceHash}`,
    ...(first.generatorState === '' ? [] : [`generator ${first.generatorState}`]),
    isSame ? 'the same twice' : `DIFFERENT the second time: trace ${second.traceHash}`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
  return exit;
}

/** Settings of the command line go before those of the file. */
function given({ withoutCheck, crashEvery }: SimOptions): Partial<RunSettings> {
  return {
    ...(withoutCheck === undefined ? {} : { withoutChecks: withoutCheck }),
    ...(crashEvery === undefined ? {} : { crashEvery }),
  };
}

function differenceFromFile({ violation }: SubjectResult, found: string): string[] {
  const isTold = found === '' || (violation !== undefined && found.includes(`${violation.check}: `));
  return isTold ? [] : [`  (the file says: ${found})`];
}

function storyOf(plan: Plan, file: string): string {
  return tellStory(plan, { file: commandWords([file]), colour: takesColour(process.stdout) });
}
