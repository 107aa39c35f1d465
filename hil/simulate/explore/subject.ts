/** What a seed can be run as: a pair of controllers with hosts, or the link alone. Results of both look the same. */
import { expandPlan } from '../expand.js';
import { type FaultClass, faultClasses } from '../fault-classes.js';
import type { PureSteps } from '../guard.js';
import { expandLinkPlan } from '../link/expand-link.js';
import type { LinkFault, LinkPlan } from '../link/link-plan.js';
import { type LinkRun, runLinkPlan } from '../link/run-link.js';
import type { Crash, Plan } from '../plan.js';
import { type FoundViolation, type PlanResult, type PlanRunOptions, runPlan } from '../run-plan.js';
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
  if (!('subject' in plan)) return plain(heldPair(plan, { trace: true }, settings, pure));
  const run = () => ofLink(runLinkPlan(plan, { checks: (check) => isOn(check, settings) }));
  const { value = plain(nothing), impure } = held(run, settings, pure);
  return impure === undefined ? value : { ...value, violation: impure };
}

/** Runs a plan of a pair so, and holds it to purity. What `how` says goes before the settings. */
export function heldPair(plan: Plan, how: PlanRunOptions, settings: RunSettings, pure: PureSteps): PlanResult {
  const { crashEvery } = settings;
  const options: PlanRunOptions = {
    checks: (check) => isOn(check, settings),
    ...(crashEvery === undefined ? {} : { crashEvery }),
    ...how,
  };
  const { value = nothing, impure } = held(() => runPlan(plan, options), settings, pure);
  return impure === undefined ? value : { ...value, violation: impure };
}

interface Ended {
  readonly violation?: { readonly atUs: number } | undefined;
  readonly virtualUs: number;
}

function held<Value extends Ended>(
  run: () => Value,
  settings: RunSettings,
  pure: PureSteps,
): { readonly value: Value | undefined; readonly impure: FoundViolation | undefined } {
  if (!isOn('pure', settings)) return { value: run(), impure: undefined };
  const found = pure.hold(run);
  if (found.kind === 'pure') return { value: found.value, impure: undefined };
  const { value, offence } = found;
  const detail = `reaches for ${offence.what} ${offence.where}`.trimEnd();
  const atUs = value?.violation?.atUs ?? value?.virtualUs ?? 0;
  return { value, impure: { check: 'pure', detail, atUs } };
}

function plain({ violation, coverage, ...rest }: PlanResult): SubjectResult {
  return { ...rest, coverage: Object.fromEntries(coverage), ...(violation === undefined ? {} : { violation }) };
}

function ofLink({ violations, traceHash, events, endUs, coverage }: LinkRun): SubjectResult {
  const [violation] = violations;
  const applied = Object.entries(coverage).reduce((sum, [key, n]) => sum + (key.startsWith('applied ') ? n : 0), 0);
  const counts = { events, virtualUs: endUs, crashImages: 0, applied };
  return { traceHash, generatorState: '', ...counts, coverage, ...(violation === undefined ? {} : { violation }) };
}

/** Of a run that ended before it began. */
const nothing: PlanResult = {
  ...{ violation: undefined, traceHash: '', generatorState: '', coverage: new Map() },
  ...{ events: 0, virtualUs: 0, crashImages: 0, applied: 0 },
};

/** The class that switches a fault of the link off. What somebody does on purpose goes with `forge`. */
function classOfLinkFault({ effect: { kind } }: LinkFault): FaultClass {
  if (kind === 'stale' || kind === 'staleOpen') return 'stale line';
  return faultClasses.find((name) => name === kind) ?? 'forge';
}
