/**
 * Plans in files: a plan alone, or `{ found, settings, plan }` with what was found and, where it is not as usual, how the
 * plan is run. JSON as we write it; short YAML is read as well.
 */
import { z } from 'zod';
import { RefusalError } from '../../../protocol/refusals.js';
import { checkYaml } from '../../yaml-file.js';
import { linkPlanSchema } from '../link/link-plan.js';
import { planSchema } from '../plan.js';
import { type AnyCheckName, allCheckNames } from './check-meanings.js';
import { readJson } from './json-file.js';
import { type AnyPlan, defaultSettings, type RunSettings } from './subject.js';

const settingsSchema = z.strictObject({
  crashEvery: z.int().min(0).optional(),
  withoutChecks: z.array(z.string()).optional(),
});

export interface PlanFile {
  readonly plan: AnyPlan;
  /** A sentence: what was found when it was written. */
  readonly found: string;
  readonly settings: RunSettings;
}

/**
 * Reads a plan. Throws RefusalError `file-missing`, `file-unreadable`, or `configuration-invalid`, which names the part of the
 * plan that is wrong.
 */
export function readPlanFile(path: string): PlanFile {
  const file = readJson(path);
  const isWrapped = isRecord(file.value) && 'plan' in file.value;
  const all = isRecord(file.value) && isWrapped ? file.value : { plan: file.value };
  const { plan: value, found, settings = {} } = all;
  const at = (name: string) => (part: readonly PropertyKey[]) => (isWrapped ? [name, ...part] : part);
  if (!isRecord(value)) throw file.refuse(isWrapped ? ['plan'] : [], 'this is no plan: an object is expected');
  const isLink = 'subject' in value;
  const plan = isLink
    ? checkYaml(file, linkPlanSchema, value, at('plan'))
    : checkYaml(file, planSchema, value, at('plan'));
  return {
    plan,
    found: typeof found === 'string' ? found : '',
    settings: settingsOf(checkYaml(file, settingsSchema, settings, at('settings'))),
  };
}

/** The text of a file: each operation and each fault on a line of its own. What is as usual is left out. */
export function planFileText({ plan, found, settings }: PlanFile): string {
  const { operations, faults, ...rest } = plan;
  const { crashEvery, withoutChecks } = settings;
  const told = {
    ...(crashEvery === undefined ? {} : { crashEvery }),
    ...(withoutChecks.length === 0 ? {} : { withoutChecks }),
  };
  const planFields = [...fields(rest), `"operations": ${list(operations)}`, `"faults": ${list(faults)}`];
  const planText = `{\n${planFields.map((line) => `    ${line}`).join(',\n')}\n  }`;
  const top = [
    `"found": ${JSON.stringify(found)}`,
    ...(Object.keys(told).length === 0 ? [] : fields({ settings: told })),
    `"plan": ${planText}`,
  ];
  return `{\n${top.map((line) => `  ${line}`).join(',\n')}\n}\n`;
}

const fields = (values: object) =>
  Object.entries(values).map(([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`);

const list = (values: readonly unknown[]) =>
  values.length === 0 ? '[]' : `[\n${values.map((each) => `      ${JSON.stringify(each)}`).join(',\n')}\n    ]`;

function settingsOf({ crashEvery, withoutChecks = [] }: z.infer<typeof settingsSchema>): RunSettings {
  return {
    ...defaultSettings,
    withoutChecks: withoutChecks.map(checkNamed),
    ...(crashEvery === undefined ? {} : { crashEvery }),
  };
}

function checkNamed(name: string): AnyCheckName {
  const known = allCheckNames.find((each) => each === name);
  if (known === undefined)
    throw new RefusalError('configuration-invalid', `settings.withoutChecks: ${name} is no check`);
  return known;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
