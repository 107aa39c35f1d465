/** docs/exit-codes.md: the one rule of exit codes, and the code of every refusal. */
import { type RefusalCode, refusals } from '../../protocol/refusals.js';
import { haltsOfUsage } from '../run/halted.js';

const rows: readonly (readonly [number, string])[] = [
  [0, 'What was asked for is done, and all that was checked is right.'],
  [
    1,
    'A check failed or could not be made in the state that a device is in, an instruction was refused by a controller, or the pair came to a bad end: the answer to what was asked is no.',
  ],
  [
    2,
    'What was given does not fit: an option, a file, an area, a bench that cannot do what a scenario needs. The same command fails again.',
  ],
  [
    3,
    'Something is not there, cannot be used, or went away: a line, a file that another process has, a disk, a process. There is no answer.',
  ],
  [4, 'The other side of a line speaks another protocol, is another role, or has another key.'],
  [130, 'Ctrl-C.'],
];

const cell = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ');

/** The text of docs/exit-codes.md. */
export function exitCodesDocument(): string {
  const codes = Object.keys(refusals) as RefusalCode[];
  const table = rows.map(([exit, meaning]) => `| ${exit} | ${meaning} |`);
  const ofRefusals = [1, 2, 3, 4].map(
    (exit) => `| ${exit} | ${cell(codes.filter((code) => refusals[code].exit === exit))} |`,
  );
  return `# Exit codes

Generated from the code; \`npm run documents\` writes it again.

| code | when |
|---|---|
${table.join('\n')}

A command that ends on a refusal ends with the code of that refusal:

| code | refusals |
|---|---|
${ofRefusals.join('\n')}

Some of them depend on who refuses:

- \`coldframe firmware\` that halts has no other side and no instruction. It ends with 2 where its options and areas do not fit what its
  records say (${cell(Object.keys(haltsOfUsage))}), and with 3 where a disk cannot be used (\`records-corrupt\`, \`disk-error\`).
- \`capability-missing\` is 4 when the other side of a line lacks it, and 2 when it is the bench that cannot do what a scenario needs.
`;
}
