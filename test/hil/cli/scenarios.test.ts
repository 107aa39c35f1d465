import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { runProcess } from '../../../hil/bench/processes.js';
import { requireParameters } from '../../../hil/job/parameters.js';
import { readScenario } from '../../../hil/job/scenario-file.js';
import { scenarioList } from '../../../hil/job/scenario-list.js';
import { scenarioPath, shippedScenarios } from '../../../hil/job/shipped-scenarios.js';
import { temporaryFolder } from '../../temporary-folder.js';
import { startBoards } from '../bench/boards.js';

/** Runs a shipped scenario on a bench file; returns what `--json` prints. */
async function run(scenario: string, bench: string) {
  const folder = temporaryFolder();
  const file = join(folder, 'bench.yaml');
  await writeFile(file, bench);
  const freezes = scenario === 'encrypted-streaming' ? ['--freezes', '1'] : [];
  const args = ['--bench', file, '--scenario', scenario, '--writes', '12', ...freezes, '--seed', '3'];
  const ended = await runProcess(['run', ...args, '--out', join(folder, 'out'), '--json']);
  return { ...ended, printed: JSON.parse(ended.stdout) };
}

describe('shipped scenarios on the command line', () => {
  it('are listed with what happens in them', async () => {
    const { stdout, exitCode } = await runProcess(['run', '--list']);
    expect([exitCode, stdout]).to.deep.equal([0, `${scenarioList().join('\n')}\n`]);
  });

  it('run unchanged on processes over PTYs, sealed and with a power cut', async () => {
    const bench = 'kind: processes\ntransport: pty\nlines: {remote: {baud: 3000000}}\n';
    const runs = await Promise.all(['encrypted-streaming', 'power-cut-structuring'].map((name) => run(name, bench)));
    for (const { exitCode, printed, stderr } of runs) {
      expect(exitCode, stderr).to.equal(0);
      expect([printed.bench, printed.verdict, printed.pairState]).to.deep.equal(['processes', 'passed', 'PAIR']);
    }
    // What the bench file leaves open is as the scenario has it.
    expect(runs.map(({ printed }) => [printed.method, printed.volumes[0].bytes])).to.deep.equal([
      ['streaming', 4 * 2 ** 20],
      ['differential', 16 * 2 ** 20],
    ]);
  });

  it('take the bench file before what they ask for themselves', async () => {
    const { exitCode, printed } = await run('tiny-shadow', 'method: streaming\nvolumes: [{size: 1MiB}]\n');
    expect([exitCode, printed.method, printed.volumes]).to.deep.equal([0, 'streaming', [{ bytes: 2 ** 20 }]]);
  });

  it('take --writes and --freezes, or refuse what they make no use of', async () => {
    for (const name of shippedScenarios()) {
      const { parameters } = readScenario(scenarioPath(name));
      expect(parameters, name).to.include('writes');
      for (const each of ['writes', 'freezes'] as const) {
        const scenario = readScenario(scenarioPath(name), { [each]: 777 });
        const isTaken = JSON.stringify(scenario.steps).includes('777');
        expect(isTaken, `${name}: ${each}`).to.equal(parameters.includes(each));
        const refused = () => requireParameters(name, scenario, { [each]: 777 });
        if (isTaken) refused();
        else expect(refused).to.throw(/^argument-invalid: .*takes no such number/);
      }
    }
    const end = await runProcess(['run', '--scenario', 'disaster', '--freezes', '2']);
    expect(end.exitCode).to.equal(2);
    expect(end.stderr).to.contain('--freezes: the scenario disaster takes no such number; it takes --writes');
  });

  it('let disks fail in models as processes, and are refused before they begin where a disk is out of reach', async () => {
    const { exitCode, printed, stderr } = await run('disk-error', 'kind: processes\ntransport: pty\n');
    expect(exitCode, stderr).to.equal(0);
    expect([printed.bench, printed.verdict, printed.pairState]).to.deep.equal(['processes', 'passed', 'PAIR']);
    await using boards = await startBoards();
    const refused = await run('disk-error', boards.benchFile);
    expect(refused.exitCode).to.equal(2);
    expect(refused.printed.error).to.include({ exit: 2 });
    expect(refused.printed.error.code).to.equal('capability-missing');
    expect(refused.printed.error.detail).to.contain('the step diskError needs');
  });
});
