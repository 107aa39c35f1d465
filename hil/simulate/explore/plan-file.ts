/**
 * Plans in files: a plan alone, or `{ found, plan }` with what was found and how it was run. JSON as we write it; YAML is
 * read as well.
 */
import { z } from 'zod';
import { RefusalError } from '../../../protocol/refusals.js';
import { checkYaml } from '../../yaml-file.js';
import { linkPlanSchema } from '../link/link-plan.js';
import { planSchema } from '../plan.js';
import { type AnyCheckName, allCheckNames } from './check-meanings.js';
import { readJson } from './json-file.js';
import { type AnyPlan, defaultSettings, type RunSettings } from './subject.js';

const foundSchema = z.looseObject({
  /** What the plan found when it was written. */
  check: z.string().optional(),
  detail: z.string().optional(),
  /** How it was run, where that is not the usual. */
  crashEvery: z.int().min(0).optional(),
  withoutChecks: z.array(z.string()).optional(),
});
export type Found = z.infer<typeof foundSchema>;

export interface PlanFile {
  readonly plan: AnyPlan;
  readonly found: Found;
  /** How to run it, as `found` says. */
  readonly settings: RunSettings;
}

/**
 * Reads a plan. Throws RefusalError `file-missing`, `file-unreadable`, or `configuration-invalid`, which names the part of the
 * plan that is wrong.
 */
export function readPlanFile(path: string): PlanFile {
  const file = readJson(path);
  const isWrapped = isRecord(file.value) && 'plan' in file.value;
  const { plan: value, found: told } = isRecord(file.value) && isWrapped ? file.value : { plan: file.value };
  const at = (name: string) => (part: readonly PropertyKey[]) => (isWrapped ? [name, ...part] : part);
  if (!isRecord(value)) throw file.refuse(isWrapped ? ['plan'] : [], 'this is no plan: an object is expected');
  const isLink = 'subject' in value;
  const plan = isLink
    ? checkYaml(file, linkPlanSchema, value, at('plan'))
    : checkYaml(file, planSchema, value, at('plan'));
  const found = isRecord(told) ? checkYaml(file, foundSchema, told, at('found')) : {};
  return { plan, found, settings: settingsOf(found) };
}

/** The text of a file. */
export function planFileText({ plan, found }: { readonly plan: AnyPlan; readonly found: Found }): string {
  return `${JSON.stringify({ found, plan }, undefined, 2)}\n`;
}

/** What a file has to say of how its plan is run. */
export function foundOf({ check, detail }: { check: string; detail: string }, settings: RunSettings): Found {
  const { crashEvery, withoutChecks } = settings;
  return {
    ...{ check, detail },
    ...(crashEvery === undefined ? {} : { crashEvery }),
    ...(withoutChecks.length === 0 ? {} : { withoutChecks: [...withoutChecks] }),
  };
}

function settingsOf({ crashEvery, withoutChecks = [] }: Found): RunSettings {
  return {
    ...defaultSettings,
    withoutChecks: withoutChecks.map(checkNamed),
    ...(crashEvery === undefined ? {} : { crashEvery }),
  };
}

function checkNamed(name: string): AnyCheckName {
  const known = allCheckNames.find((each) => each === name);
  if (known === undefined) throw new RefusalError('configuration-invalid', `found.withoutChecks: ${name} is no check`);
  return known;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
