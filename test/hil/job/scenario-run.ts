/** Scenarios on the emulator, for tests. */
import { benchDefault } from '../../../hil/bench/bench-file.js';
import { EmulatorBench } from '../../../hil/bench/emulator-bench.js';
import { openBench } from '../../../hil/bench/open-bench.js';
import { runScenario, type ScenarioOptions, type ScenarioOutcome } from '../../../hil/job/scenario.js';
import { parseScenario, type Scenario } from '../../../hil/job/scenario-file.js';
import { type CheckRecord, type RunRecord, runRecordSchema } from '../../../hil/report/run-record.js';
import type { Method } from '../../../protocol/ids.js';

export const about = {
  ...{ runId: 'test', title: 'test', command: 'coldframe run', seed: 5, startedAt: '2026-01-01T00:00:00Z' },
};

export interface TestRunOptions extends Partial<ScenarioOptions> {
  readonly scenario: Scenario;
  readonly method?: Method;
  /** Called before the steps. */
  readonly prepare?: (bench: EmulatorBench) => void;
}

/** Runs a scenario in virtual time; the record is checked against its schema. */
export async function runOnEmulator(
  options: TestRunOptions,
): Promise<ScenarioOutcome & { readonly record: RunRecord }> {
  const { scenario, method = 'differential', prepare } = options;
  await using bench = await openBench({ ...(scenario.bench ?? benchDefault), method }, { seed: '5' });
  if (!(bench instanceof EmulatorBench)) throw new Error('invariant broken: the default bench is the emulator');
  prepare?.(bench);
  const outcome = await runScenario({ about, ...options, bench });
  runRecordSchema.parse(outcome.record);
  return outcome;
}

/** A scenario of these steps, each as it stands in a file, on a volume of 256 KiB. */
export function stepsOf(...lines: readonly string[]): Scenario {
  const text = ['bench: {volumes: [{size: 256KiB}]}', 'steps:', ...lines.map((line) => `  - ${line}`)].join('\n');
  return parseScenario('s.yaml', text);
}

export function failedChecks({ record }: Pick<ScenarioOutcome, 'record'>): CheckRecord[] {
  return record.checks.filter(({ verdict }) => verdict === 'failed');
}
