/** What `coldframe run --list` prints. */
import { readScenario } from './scenario-file.js';
import { scenarioPath, shippedScenarios } from './shipped-scenarios.js';

/** Names, titles and what they are about, as lines for people. */
export function scenarioList(): string[] {
  return shippedScenarios().flatMap((name) => {
    const { title, about } = readScenario(scenarioPath(name));
    return [`${name.padEnd(24)}${title}`, ...(about === '' ? [] : [`${' '.repeat(24)}${about}`])];
  });
}
