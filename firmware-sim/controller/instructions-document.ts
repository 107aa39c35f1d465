/** docs/instructions.md: the table of states and instructions, as the controllers ask it. */
import { table } from '../../protocol/message/document.js';
import {
  type Instruction,
  type InstructionTable,
  instructions,
  mainPhases,
  mainTable,
  subPhases,
  subTable,
} from './instructions.js';

const introduction = `# States and instructions

Generated from \`firmware-sim/controller/instructions.ts\` by \`npm run documents\`; do not edit. The models decide by this
table; a test brings each controller into each state, gives each instruction, and holds the outcome against expectations
written by hand.

| outcome | meaning |
|---|---|
| accepted | carried out |
| no effect | answered as done (a repeated freeze as the first one); nothing changes |
| why it halted | refused with the reason for which the controller halted at power on |
| any other | refused with this reason; nothing changes, on no disk |

\`read\` and \`write\` are SCSI commands: in \`recovering\` they end with BUSY, in \`halted\` and where a read is refused
with NOT READY, where only a write is refused with DATA PROTECT.

An instruction that is accepted here can still be refused for what it names, or by the other controller: an unknown volume
(\`unknown-volume\`), a range past its end (\`range-outside\`), a failback that main answers with \`discard-needed\`,
\`older-sub\` or why it halted, and any request when too many wait (\`too-many-requests\`).

No session, hence no instruction, comes about with another key (\`wrong-key\`, \`key-required\`, \`key-unknown\`), protocol
version (\`version-mismatch\`) or role (\`wrong-role\`). Main started with another method than the pair's halts with
\`wrong-method\`, a controller with a shadow or staging area of another pair with \`foreign-area\` (primary and secondary areas are the
image, byte for byte, and carry no mark: what is exchanged or changed there behind a controller’s back is found by \`verify\` and by reads of the sub); a main and a sub of different pairs
send each other nothing (PSUE, \`foreign-pair\`).

A sub that has taken over and is then lost for good leaves main readable and not writable: no instruction makes it the main side again, since nobody
could tell a sub that comes back which of the two images is the newer. Its primary area is the volume, byte for byte: started with new
shadow and meta areas over it, main makes a new pair, and its first generation is a full copy.
`;

/** The text of docs/instructions.md. */
export function instructionsDocument(): string {
  const parts = [
    introduction,
    '## Instructions\n',
    table([['instruction', 'meant here'], ...Object.entries(instructions).map(([name, meant]) => [name, meant])]),
    ...controller('Main', mainPhases, mainTable),
    ...controller('Sub', subPhases, subTable),
  ];
  return `${parts.join('\n').trimEnd()}\n`;
}

function controller<Phase extends string>(
  name: string,
  phases: Readonly<Record<Phase, string>>,
  outcomes: InstructionTable<Phase>,
): string[] {
  const names = Object.keys(phases) as Phase[];
  const rows = (Object.keys(instructions) as Instruction[]).map((each) => [
    each,
    ...names.map((phase) => outcomes[each][phase]),
  ]);
  return [
    `## ${name}\n`,
    'The state is the first of these that fits.\n',
    table([['state', 'meaning'], ...names.map((phase) => [phase, phases[phase]])]),
    table([['instruction', ...names], ...rows]),
  ];
}
