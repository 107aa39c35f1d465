/**
 * Scenario files: what happens on a bench, step by step, and what is checked.
 *
 *     title: a name for the report
 *     about: what happens in it, and why   # shown by coldframe run --list
 *     sealed: true                         # all lines are sealed
 *     parameters: {writes: 200}            # the command line may change them; $writes stands for one
 *     bench: {volumes: [{size: 8MiB}]}     # what to run on when no bench file is given
 *     steps:
 *       - write: {writes: $writes, profile: hot-spot, everyMs: 2}
 *       - freeze
 *       - overwriteInFlight: {writes: 50}
 *       - wait: structured
 *       - verify
 */
import * as z from 'zod';
import { profiles } from '../../host/workload/plan.js';
import { generationFailures } from '../../protocol/generation-failures.js';
import { type RefusalCode, type RefusalError, refusals } from '../../protocol/refusals.js';
import { type BenchFile, checkBench } from '../bench/bench-file.js';
import { benchSchema } from '../bench/bench-schema.js';
import { areaNames } from '../report/block-states.js';
import { checkYaml, parseYaml, readYaml, type YamlFile, type YamlPath } from '../yaml-file.js';

const count = z.number().int().positive();
const ms = z.number().nonnegative().max(86_400_000);
const volume = z.number().int().min(0).max(7);
const role = z.enum(['main', 'sub', 'both']);
/** Instructions that a step may expect to be refused. */
export const refusable = ['freeze', 'suspend', 'resync', 'takeover', 'failback'] as const;

const leafSchemas = [
  /** Seeded host writes, `everyMs` apart or as fast as they are taken. They are not waited for. */
  z.strictObject({
    kind: z.literal('write'),
    writes: count,
    profile: z.enum(profiles).default('random'),
    seed: z.number().int().nonnegative().optional(),
    volume: volume.optional(),
    everyMs: ms.default(0),
    /** `mixed`: runs, parts of blocks and unmaps; `blocks`: one whole block each. */
    sizes: z.enum(['mixed', 'blocks']).default('mixed'),
  }),
  /** Writes to blocks of the generation that is being sent. */
  z.strictObject({ kind: z.literal('overwriteInFlight'), writes: count, everyMs: ms.default(0) }),
  /** The contents of a raw image file, through SCSI. */
  z.strictObject({ kind: z.literal('image'), file: z.string(), volume: volume.default(0) }),
  z.strictObject({ kind: z.literal('freeze') }),
  /** Until a generation is so far, the newest unless it is named. `failed`: it has to fail, for `reason` if that is given. */
  z
    .strictObject({
      kind: z.literal('wait'),
      for: z.enum(['committed', 'structured', 'failed']).default('committed'),
      generation: count.optional(),
      reason: z.enum(generationFailures).optional(),
    })
    .refine(({ for: target, reason }) => target === 'failed' || reason === undefined, {
      path: ['reason'],
      error: 'goes with for: failed',
    }),
  /**
   * Holds the sub against the newest image that it has committed, and main against what the host wrote. A check that fails
   * is tried again, `tries` times in all: one that passes then is flaky, which a report shows.
   */
  z.strictObject({
    kind: z.literal('verify'),
    tries: z.number().int().min(1).max(100).default(1),
    everyMs: ms.default(1000),
  }),
  /** The next commands to an area of a volume end with a medium error; `times: 0` mends it. */
  z.strictObject({
    kind: z.literal('diskError'),
    area: z.enum(areaNames),
    volume: volume.default(0),
    command: z.enum(['read', 'write']).default('write'),
    times: z.number().int().nonnegative().default(1),
  }),
  z.strictObject({ kind: z.literal('pass'), ms }),
  z.strictObject({ kind: z.literal('powerOn'), role }),
  z.strictObject({ kind: z.literal('takeover'), force: z.boolean().default(false) }),
  z.strictObject({ kind: z.literal('failback'), discard: z.boolean().default(false) }),
  z.strictObject({ kind: z.literal('suspend') }),
  z.strictObject({ kind: z.literal('resync') }),
  z.strictObject({
    kind: z.literal('expectRefused'),
    instruction: z.enum(refusable),
    code: z.enum(Object.keys(refusals) as [RefusalCode, ...RefusalCode[]]),
  }),
] as const;

type Leaf = z.output<(typeof leafSchemas)[number]>;
export type Step =
  | Leaf
  /** The line between the controllers is cut, for so long and while these steps are carried out. */
  | { readonly kind: 'cut'; readonly ms: number; readonly steps: readonly Step[] }
  /** Without `ms` until `powerOn`; otherwise as `cut`. */
  | { readonly kind: 'powerOff'; readonly role: z.output<typeof role>; readonly ms?: number | undefined }
  | { readonly kind: 'repeat'; readonly times: number; readonly steps: readonly Step[] };

const steps: z.ZodType<readonly Step[]> = z.lazy(() => z.array(stepSchema).min(1, 'there is at least one step'));
const stepSchema: z.ZodType<Step> = z.discriminatedUnion('kind', [
  ...leafSchemas,
  z.strictObject({ kind: z.literal('cut'), ms: ms.default(0), steps: steps.default([]) }),
  z.strictObject({ kind: z.literal('powerOff'), role, ms: ms.optional() }),
  z.strictObject({ kind: z.literal('repeat'), times: count, steps }),
]);

const stepNames: ReadonlySet<string> = new Set([
  ...leafSchemas.map(({ shape }) => shape.kind.value),
  ...(['cut', 'powerOff', 'repeat'] as const),
]);

const scenarioSchema = z.strictObject({
  title: z.string().default('scenario'),
  about: z.string().default(''),
  sealed: z.boolean().default(false),
  parameters: z.record(z.string(), z.number()).default({}),
  bench: benchSchema.optional(),
  steps,
});

export interface Scenario {
  readonly title: string;
  readonly about: string;
  /** All lines are sealed, whatever the bench says. */
  readonly sealed: boolean;
  readonly steps: readonly Step[];
  /** Names of the parameters that its steps make use of. */
  readonly parameters: readonly string[];
  readonly bench: BenchFile | undefined;
  /** The same as it is written, for what a bench file leaves open. */
  readonly benchGiven: Readonly<Record<string, unknown>>;
}

/** What stands for the one field of a step that is written short, as in `wait: structured`. */
const shortFields: Readonly<Record<string, string>> = {
  wait: 'for',
  image: 'file',
  pass: 'ms',
  cut: 'ms',
  powerOn: 'role',
};

/**
 * Reads a scenario file. `parameters` stand in the place of those in the file; ones that the file does not have are left
 * out (`requireParameters` refuses them). Throws RefusalError `file-missing`, `file-unreadable`, and `configuration-invalid` with line and column.
 */
export function readScenario(path: string, parameters: Readonly<Record<string, number>> = {}): Scenario {
  return checkScenario(readYaml(path), parameters);
}

/** The same from text. */
export function parseScenario(name: string, text: string, parameters: Readonly<Record<string, number>> = {}): Scenario {
  return checkScenario(parseYaml(name, text), parameters);
}

function checkScenario(file: YamlFile, given: Readonly<Record<string, number>>): Scenario {
  if (!isRecord(file.value)) throw file.refuse([], 'a scenario is a mapping with steps');
  const { parameters = {} } = file.value;
  const known = isRecord(parameters) ? parameters : {};
  const chosen = { ...known, ...Object.fromEntries(Object.entries(given).filter(([name]) => name in known)) };
  const normalizer = new StepNormalizer(file, chosen);
  const value = { ...file.value, steps: normalizer.steps(file.value.steps, ['steps']) };
  const scenario = checkYaml(file, scenarioSchema, value, (path) => normalizer.placeOf(path));
  const { bench } = scenario;
  if (bench !== undefined) checkBench(file, bench, ['bench']);
  const benchGiven = isRecord(file.value.bench) ? file.value.bench : {};
  const { title, about, sealed } = scenario;
  const used = [...normalizer.usedParameters];
  return { title, about, sealed, steps: scenario.steps, parameters: used, bench, benchGiven };
}

/** Turns steps as they are written, `freeze` or `write: {…}`, into values with a `kind`, and knows where they came from. */
class StepNormalizer {
  readonly #file: YamlFile;
  readonly #parameters: Readonly<Record<string, unknown>>;
  /** Where a step of the value stands in the file: its path with the key that names its kind. */
  readonly #names = new Map<string, string>();
  readonly usedParameters = new Set<string>();

  constructor(file: YamlFile, parameters: Readonly<Record<string, unknown>>) {
    this.#file = file;
    this.#parameters = parameters;
  }

  steps(value: unknown, path: YamlPath): unknown {
    if (!Array.isArray(value)) return value;
    return value.map((step, index) => this.#step(step, [...path, index]));
  }

  /** The path in the file for a path in the value: behind each step its name is put in. */
  placeOf(path: YamlPath): YamlPath {
    const place: PropertyKey[] = [];
    const walked: PropertyKey[] = [];
    for (const key of path) {
      if (key === 'kind') break;
      place.push(key);
      walked.push(key);
      const name = this.#names.get(walked.join('/'));
      if (name !== undefined) place.push(name);
    }
    return place;
  }

  #refuse(path: YamlPath, what: string): RefusalError {
    return this.#file.refuse(this.placeOf(path), what);
  }

  #step(step: unknown, path: YamlPath): unknown {
    if (typeof step === 'string') return { kind: step };
    if (!isRecord(step)) throw this.#refuse(path, 'a step is a name, or a name with its fields');
    const [name, ...others] = Object.keys(step);
    if (name === undefined || others.length > 0) throw this.#refuse(path, 'a step has one name');
    this.#names.set(path.join('/'), name);
    const fields = this.#fields(name, step[name], path);
    if ('kind' in fields) throw this.#refuse([...path, 'kind'], `${name}: has no field kind`);
    const inner = fields.steps === undefined ? {} : { steps: this.steps(fields.steps, [...path, 'steps']) };
    return { kind: name, ...fields, ...inner };
  }

  #fields(name: string, value: unknown, path: YamlPath): Readonly<Record<string, unknown>> {
    if (value === null) return {};
    const short = shortFields[name];
    const fields = !isRecord(value) && short !== undefined ? { [short]: value } : value;
    // What is no step at all is told as that.
    if (!isRecord(fields) && !stepNames.has(name)) return {};
    if (!isRecord(fields)) throw this.#refuse(path, `${name}: takes fields, as in {name: value}`);
    return Object.fromEntries(Object.entries(fields).map(([key, each]) => [key, this.#resolved(each, [...path, key])]));
  }

  #resolved(value: unknown, path: YamlPath): unknown {
    if (typeof value !== 'string' || !value.startsWith('$')) return value;
    const name = value.slice(1);
    this.usedParameters.add(name);
    if (name in this.#parameters) return this.#parameters[name];
    throw this.#refuse(path, `there is no parameter ${name}`);
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
