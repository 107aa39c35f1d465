/** The scenario files that come with the program. */
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readScenario } from './scenario-file.js';

const folder = new URL('../../../hil/scenarios/', import.meta.url);

/** Their names, as `--scenario` takes them. */
export function shippedScenarios(): string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
  return names.map((name) => name.slice(0, -'.yaml'.length)).sort();
}

/** Names, titles and what they are about, as lines for people. */
export function scenarioList(): string[] {
  return shippedScenarios().flatMap((name) => {
    const { title, about } = readScenario(scenarioPath(name));
    return [`${name.padEnd(24)}${title}`, ...(about === '' ? [] : [`${' '.repeat(24)}${about}`])];
  });
}

/** The path for a name of a shipped scenario; what is none is a path already. */
export function scenarioPath(nameOrPath: string): string {
  const shipped = new URL(`${nameOrPath}.yaml`, folder);
  return /^[a-z-]+$/.test(nameOrPath) && existsSync(shipped) ? fileURLToPath(shipped) : nameOrPath;
}
