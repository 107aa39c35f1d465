/** How many assertions there are for each function of the step machines: in the code itself, and in the tests. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Row } from './row.js';

const stepMachines = ['protocol', 'firmware-sim', 'host'] as const;

/** Functions and methods with a name, as the formatter lays them out. */
const functionHead = new RegExp(
  [
    /^\s*(?:export )?function\*?\s+\w+/,
    /^ {2}(?!if|for|while|switch|catch|return)(?:static |protected |override )*(?:get |set |\*)?#?[a-z]\w*\(.*[{(,]$/,
    /^(?:export )?const \w+ = \(.*=>/,
  ]
    .map(({ source }) => source)
    .join('|'),
);
const assertion = /\bassert\(|invariant broken|\bunreachable\(/;
const expectation = /\bexpect\(|\bassert\./;

export function assertionDensity(): Row[] {
  const code = stepMachines.flatMap(codeLines);
  const functions = code.filter((line) => functionHead.test(line)).length;
  const inCode = code.filter((line) => assertion.test(line)).length;
  const inTests = stepMachines
    .flatMap((room) => codeLines(`test/${room}`))
    .filter((line) => expectation.test(line)).length;
  const beside = `${functions} functions of ${stepMachines.join(', ')}`;
  return [
    { name: 'assertions in the code, per function', value: inCode / functions, unit: '', beside },
    { name: 'expectations in their tests, per function', value: inTests / functions, unit: '', beside },
  ];
}

/** The lines of all sources under a folder, without comments. */
function codeLines(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.name.endsWith('.ts'))
    .flatMap((entry) => {
      const text = readFileSync(join(entry.parentPath, entry.name), 'utf8');
      return text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '').split('\n');
    });
}
