/** Which blocks were sent as zeros is known of models in this process alone: a host cannot tell what main sends. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { parseBench } from '../../../hil/bench/bench-file.js';
import { openBench } from '../../../hil/bench/open-bench.js';
import { temporaryFolder } from '../../../hil/bench/processes.js';
import { runScenario } from '../../../hil/job/scenario.js';
import { parseScenario } from '../../../hil/job/scenario-file.js';
import { type RunRecord, runRecordSchema } from '../../../hil/report/run-record.js';
import { terminalLines } from '../../../hil/report/terminal.js';
import { writeReport } from '../../../hil/report/write-report.js';
import { about } from './scenario-run.js';

const steps = ['write: {writes: 40, profile: random}', 'freeze', 'wait: structured', 'verify'];
const text = ['steps:', ...[...steps, ...steps].map((line) => `  - ${line}`)].join('\n');

async function runOn(kind: string): Promise<RunRecord> {
  const file = parseBench('b', `kind: ${kind}\nmethod: copy\nvolumes: [{size: 256KiB}]`);
  await using bench = await openBench(file, { seed: '5' });
  const { record } = await runScenario({ about, bench, scenario: parseScenario('s.yaml', text) });
  runRecordSchema.parse(record);
  expect(record.verdict, record.reason).to.equal('passed');
  return record;
}

describe('the blocks of a generation that were sent as zeros', () => {
  it('are counted where the models can be looked into', async () => {
    const { generations } = await runOn('in-process');
    expect(generations.map(({ zeroBlocks }) => typeof zeroBlocks)).to.deep.equal(['number', 'number']);
  });

  it('are left open where the models are processes, in every report', async () => {
    const record = await runOn('processes');
    expect(record.generations.map(({ zeroBlocks }) => zeroBlocks)).to.deep.equal([undefined, undefined]);
    const sent = record.generations.map(({ blocksSent }) => blocksSent);
    const rows = terminalLines(record, { colour: false }).filter((line) => line.includes('✓ passed'));
    expect(
      rows.map((row) =>
        row
          .trim()
          .split(/\s{2,}/)
          .slice(2, 4),
      ),
    ).to.deep.equal(sent.map((blocks) => [String(blocks), '–']));
    const folder = await temporaryFolder();
    try {
      await writeReport(folder.path, record);
      const page = readFileSync(join(folder.path, 'report.html'), 'utf8');
      expect(page).to.contain(`<td class="n">${sent[0]}</td><td class="n spare">–</td>`);
    } finally {
      await folder.remove();
    }
  });
});
