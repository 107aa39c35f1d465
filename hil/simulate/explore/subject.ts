/** What a seed can be run as: a pair of controllers with hosts, or the link alone. Results of both look the same. */
import { expandPlan, type FaultClass, faultClasses } from '../expand.js';
import type { PureSteps } from '../guard.js';
import { expandLinkPlan } from '../link/expand-link.js';
import type { LinkFault, LinkPlan } from '../link/link-plan.js';
import { type LinkRun, runLinkPlan } from '../link/run-link.js';
import type { Crash, Plan } from '../plan.js';
import { type PlanResult, runPlan } from '../run-plan.js';
import { type AnyCheckName, isOn } from './check-meanings.js';

export const subjects = ['pair', 'link'] as const;
export type Subject = (typeof subjects)[number];
export type AnyPlan = Plan | LinkPlan;

/** How plans are made and held; plain JSON. */
export interface RunSettings {
  /** Classes of faults that are off. */
  readonly without: readonly FaultClass[];
  readonly withoutChecks: readonly AnyCheckName[];
  /** One in so many disk commands is followed by a look at what a power cut would leave; 0: none. */
  readonly crashEvery?: number;
}
export const defaultSettings: RunSettings = { without: [], withoutChecks: [] };

export interface SubjectViolation {
  readonly check: string;
  readonly detail: string;
  readonly atUs: number;
  /** The look at a power cut that found it. */
  readonly crash?: Crash;
}

/** What a run came to, as plain JSON. */
export interface SubjectResult {
  readonly violation?: SubjectViolation;
  readonly traceHash: string;
  /** Empty for a subject that draws nothing while it runs. */
  readonly generatorState: string;
  readonly events: number;
  readonly virtualUs: number;
  readonly crashImages: number;
  /** Faults that found their place. */
  readonly applied: number;
  readonly coverage: Readonly<Record<string, number>>;
}

/** The plan of a seed; never one that does not exist: every number is a seed. */
export function planOf(subject: Subject, seed: number, { without }: RunSettings): AnyPlan {
  const allows = (kind: FaultClass) => !without.includes(kind);
  if (subject === 'pair') return expandPlan(seed, { allows });
  const plan = expandLinkPlan(seed);
  return {
    ...plan,
    operations: plan.operations.filter(({ kind }) => kind !== 'restart' || allows('power')),
    faults: plan.faults.filter((fault) => allows(classOfLinkFault(fault))),
  };
}

export function subjectOf(plan: AnyPlan): Subject {
  return 'subject' in plan ? 'link' : 'pair';
}

/** Runs a plan of either kind, and holds it to purity as well. */
export function runSubject(plan: AnyPlan, settings: RunSettings, pure: PureSteps): SubjectResult {
  const run = () => ('subject' in plan ? ofLink(runLinkPlan(plan), settings) : ofPair(plan, settings));
  if (!isOn('pure', settings)) return run();
  const held = pure.hold(run);
  if (held.kind === 'pure') return held.value;
  const { value = nothing, offence } = held;
  const detail = `reaches for ${offence.what} ${offence.where}`.trimEnd();
  return { ...value, violation: { check: 'pure', detail, atUs: value.violation?.atUs ?? value.virtualUs } };
}

function ofPair(plan: Plan, settings: RunSettings): SubjectResult {
  const { crashEvery } = settings;
  const result: PlanResult = runPlan(plan, {
    checks: (check) => isOn(check, settings),
    trace: true,
    ...(crashEvery === undefined ? {} : { crashEvery }),
  });
  const { violation, coverage, ...rest } = result;
  return { ...rest, coverage: Object.fromEntries(coverage), ...(violation === undefined ? {} : { violation }) };
}

function ofLink({ violations, traceHash, events, endUs, coverage }: LinkRun, settings: RunSettings): SubjectResult {
  const [violation] = violations.filter(({ check }) => isOn(check, settings));
  const applied = Object.entries(coverage).reduce((sum, [key, n]) => sum + (key.startsWith('applied ') ? n : 0), 0);
  const counts = { events, virtualUs: endUs, crashImages: 0, applied };
  return { traceHash, generatorState: '', ...counts, coverage, ...(violation === undefined ? {} : { violation }) };
}

const nothing: SubjectResult = {
  ...{ traceHash: '', generatorState: '', coverage: {} },
  ...{ events: 0, virtualUs: 0, crashImages: 0, applied: 0 },
};

/** The class that switches a fault of the link off. What somebody does on purpose goes with `forge`. */
function classOfLinkFault({ effect: { kind } }: LinkFault): FaultClass {
  if (kind === 'stale') return 'stale line';
  return faultClasses.find((name) => name === kind) ?? 'forge';
}
