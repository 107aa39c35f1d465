/** The scenario files that come with the program. */

import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { AdvisedRefusal } from '../../host/advised-refusal.js';
import { nearestWord } from '../nearest-word.js';

const folder = new URL('../../../hil/scenarios/', import.meta.url);

/** Their names, as `--scenario` takes them. */
export function shippedScenarios(): string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
  return names.map((name) => name.slice(0, -'.yaml'.length)).sort();
}

/**
 * The path for a name of a shipped scenario; what is none is a path already. Throws RefusalError `file-missing` for what is
 * neither, with the nearest name.
 */
export function scenarioPath(nameOrPath: string): string {
  const shipped = new URL(`${nameOrPath}.yaml`, folder);
  if (!/^[a-z-]+$/.test(nameOrPath) || existsSync(nameOrPath)) return nameOrPath;
  if (existsSync(shipped)) return fileURLToPath(shipped);
  const nearest = nearestWord(nameOrPath, shippedScenarios());
  const meant = nearest === undefined ? '' : `; did you mean ${nearest}?`;
  const remedy = 'Check the path; coldframe run --list names the scenarios that there are.';
  throw new AdvisedRefusal('file-missing', `${nameOrPath}, nor is there a scenario of that name${meant}`, remedy);
}
