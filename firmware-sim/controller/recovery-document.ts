/** docs/recovery.md: what happens after power cuts and lost sessions, as main decides it. */
import { table } from '../../protocol/message/document.js';
import {
  continuations,
  factMeanings,
  type PairingFacts,
  powerCuts,
  powerCutTable,
  type RecoveryRow,
  recoveryTable,
} from './recovery-table.js';

const introduction = `# Recovery

Generated from \`firmware-sim/controller/recovery-table.ts\` by \`npm run documents\`; do not edit. A test reaches every cell
of the second table by cutting the power in that phase.

After every power on, and whenever a session between the controllers opens, both tell each other what they durably know
(\`pairing\`). Nothing else counts: what was on the line or in a cache is gone, or arrives once more.
`;

/** The text of docs/recovery.md. */
export function recoveryDocument(): string {
  const parts = [
    introduction,
    '## What the records say → action\n',
    'The first row that fits decides; an empty cell fits anything.\n',
    recordsTable(),
    table([['fact', 'meaning'], ...Object.entries(factMeanings)]),
    '## Phase × who lost power → action\n',
    'Generation g follows the committed generation b; a failback makes generation f. A cell is the verdict of the first',
    'table, and what goes on then. At every instant the secondary area shows one whole image: b until g is committed.\n',
    phaseTable(),
    table([['what goes on', 'meaning'], ...Object.entries(continuations)]),
  ];
  return `${parts.join('\n').trimEnd()}\n`;
}

function recordsTable(): string {
  const facts = Object.keys(factMeanings) as (keyof PairingFacts)[];
  const verdict = ({ verdict, code }: RecoveryRow) => (code === undefined ? verdict : `${verdict}: ${code}`);
  const rows = recoveryTable.map((row) => [...facts.map((fact) => row.when[fact] ?? ''), verdict(row), row.action]);
  return table([[...facts, 'verdict', 'action'], ...rows]);
}

function phaseTable(): string {
  const rows = powerCutTable.map(({ phase, main, sub, next }) => {
    const cells = powerCuts.map((who) => `${next[who][0]}: ${next[who][1]}`);
    return [phase, main, sub, ...cells];
  });
  return table([
    ['phase', 'main’s records', 'the sub’s records', ...powerCuts.map((who) => `${who} lost power`)],
    ...rows,
  ]);
}
