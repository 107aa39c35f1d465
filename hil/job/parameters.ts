/** What the command line can set in a scenario: that which its file makes use of, and nothing unseen. */
import { RefusalError } from '../../protocol/refusals.js';
import { readScenario, type Scenario } from './scenario-file.js';
import { scenarioPath } from './shipped-scenarios.js';

export interface Parameters {
  readonly writes?: number | undefined;
  readonly freezes?: number | undefined;
}

/** Those that are given, as `readScenario` takes them. */
export function parametersOf({ writes, freezes }: Parameters): Record<string, number> {
  return { ...(writes === undefined ? {} : { writes }), ...(freezes === undefined ? {} : { freezes }) };
}

/** Throws RefusalError `argument-invalid` when one is given of which the scenario makes no use. */
export function requireParameters(name: string, { parameters }: Scenario, given: Parameters): void {
  for (const each of Object.keys(parametersOf(given))) {
    if (parameters.includes(each)) continue;
    const has = parameters.length === 0 ? 'none' : parameters.map((known) => `--${known}`).join(', ');
    throw new RefusalError('argument-invalid', `--${each}: the scenario ${name} takes no such number; it takes ${has}`);
  }
}

/** Of what is given, that which a scenario makes use of. Throws as `readScenario`. */
export function usedOf(nameOrPath: string, given: Parameters): Parameters {
  const { parameters } = readScenario(scenarioPath(nameOrPath));
  return Object.fromEntries(Object.entries(parametersOf(given)).filter(([name]) => parameters.includes(name)));
}
