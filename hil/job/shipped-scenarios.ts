/** The scenario files that come with the program. */
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = new URL('../../../hil/scenarios/', import.meta.url);

/** Their names, as `--scenario` takes them. */
export function shippedScenarios(): string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
  return names.map((name) => name.slice(0, -'.yaml'.length)).sort();
}

/** The path for a name of a shipped scenario; what is none is a path already. */
export function scenarioPath(nameOrPath: string): string {
  const shipped = new URL(`${nameOrPath}.yaml`, folder);
  return /^[a-z-]+$/.test(nameOrPath) && existsSync(shipped) ? fileURLToPath(shipped) : nameOrPath;
}
