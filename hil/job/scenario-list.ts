/** What `coldframe run --list` prints. */
import { readScenario } from './scenario-file.js';
import { scenarioPath, shippedScenarios } from './shipped-scenarios.js';

/** Names, titles and what they are about. */
export function scenariosThere(): { readonly name: string; readonly title: string; readonly about: string }[] {
  return shippedScenarios().map((name) => {
    const { title, about } = readScenario(scenarioPath(name));
    return { name, title, about };
  });
}

/** The same as lines for people. */
export function scenarioList(): string[] {
  return scenariosThere().flatMap(({ name, title, about }) => [
    ...[`${name.padEnd(24)}${title}`, ...(about === '' ? [] : [`${' '.repeat(24)}${about}`])],
  ]);
}
