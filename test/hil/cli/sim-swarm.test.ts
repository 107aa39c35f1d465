import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { SimOptions } from '../../../hil/cli/commands/sim.js';
import { runSwarm } from '../../../hil/cli/sim-swarm.js';
import { readPlanFile } from '../../../hil/simulate/explore/plan-file.js';
import { temporaryFolder } from '../../temporary-folder.js';

const script = new URL('./failing-worker.js', import.meta.url);
const quiet = { update: () => {}, say: () => {}, stop: () => {} };
const newFolder = () => join(temporaryFolder(), 'found');

async function swarm(options: Partial<SimOptions>): Promise<{ exit: number; printed: string; folder: string }> {
  const folder = newFolder();
  let printed = '';
  const stdout = { write: (text: string) => (printed += text) };
  const usual = { seed: 1, subject: 'pair' as const, jobs: 2, save: folder };
  const exit = await runSwarm({ ...usual, ...options }, { script, stdout, progress: quiet });
  return { exit, printed: printed.replaceAll(folder, 'FOLDER'), folder };
}

describe('coldframe sim, when something fails', () => {
  it('ends with 1 at the first seed that fails, says how, and how to repeat it', async () => {
    const { exit, printed, folder } = await swarm({ without: ['older disks'], crashEvery: 4 });
    expect(exit).to.equal(1);
    expect(printed.split('\n').slice(0, 7)).to.deep.equal([
      'VIOLATION  newest, at 7 µs of virtual time',
      '  volume 0, block 1: small',
      '  pair, seed 3; plan: FOLDER/plan-3.json (0 operations and 0 faults, in 12 runs)',
      '',
      'repeat: coldframe sim --replay FOLDER/plan-3.json',
      "    or: coldframe sim --subject pair --seed 3 --seeds 1 --without 'older disks' --crash-every 4",
      '',
    ]);
    expect(printed).to.include('\n1 violation in 3 pair plans, the last of seed 3\n');
    expect(readdirSync(folder)).to.deep.equal(['plan-3.json']);
  });

  it('saves the small plan with what it finds and how it was run', async () => {
    const { folder } = await swarm({ withoutCheck: ['drain'], crashEvery: 4 });
    const { plan, found, settings } = readPlanFile(join(folder, 'plan-3.json'));
    expect(plan).to.include({ seed: 3 }).and.to.have.property('faults').that.is.empty;
    expect(found).to.equal('seed 3: newest: volume 0, block 1: small');
    expect(settings).to.deep.equal({ without: [], withoutChecks: ['drain'], crashEvery: 4 });
  });

  it('goes on with --keep-going, and past a worker that dies', async () => {
    const { exit, printed, folder } = await swarm({ keepGoing: true, seeds: 8 });
    expect(exit).to.equal(1);
    expect(printed.match(/^VIOLATION {2}.*/gm)).to.deep.equal([
      'VIOLATION  newest, at 7 µs of virtual time',
      'VIOLATION  died, at 0 µs of virtual time',
      'VIOLATION  newest, at 1.5 s of virtual time',
    ]);
    expect(printed)
      .to.include('the worker ended with exit code 9')
      .and.to.include('\n3 violations in 8 pair plans, the last of seed 8\n');
    expect(readdirSync(folder).sort()).to.deep.equal(['plan-3.json', 'plan-4.json', 'plan-5.json']);
    // Only the first of a check is made small.
    expect(readPlanFile(join(folder, 'plan-5.json')).plan.operations).not.to.have.length(0);
  });

  it('prints the same whatever the number of threads', async () => {
    const [one, three] = await Promise.all([1, 3].map((jobs) => swarm({ jobs, keepGoing: true, seeds: 8 })));
    expect(three?.printed).to.equal(one?.printed);
  });

  it('prints one JSON object with --json', async () => {
    const { printed } = await swarm({ json: true });
    expect(printed.trimEnd().split('\n')).to.have.length(1);
    const { exit, plans, found, coverage, events } = JSON.parse(printed);
    expect([exit, plans, events]).to.deep.equal([1, { pair: 3, link: 0 }, 3000]);
    expect(coverage.pair).to.deep.equal({ 'line flip × main idle × remote there': 3 });
    expect(found[0]).to.deep.include({ seed: 3, subject: 'pair', shrunk: { operations: 0, faults: 0, runs: 12 } });
  });

  it('writes all keys of what was met with --coverage', async () => {
    const file = join(newFolder(), 'coverage.json');
    await swarm({ seeds: 2, coverage: file });
    const written = JSON.parse(readFileSync(file, 'utf8'));
    expect(written).to.deep.equal({ pair: { 'line flip × main idle × remote there': 2 }, link: {} });
  });

  it('tells what it found when it cannot be saved', async () => {
    const file = join(temporaryFolder(), 'a-file');
    writeFileSync(file, '');
    const save = join(file, 'found');
    const { exit, printed } = await swarm({ save, coverage: join(save, 'coverage.json') });
    expect(exit).to.equal(1);
    const [violation, , where] = printed.split('\n');
    expect(violation).to.equal('VIOLATION  newest, at 7 µs of virtual time');
    expect(where).to.match(/^ {2}pair, seed 3; plan: not saved, file-missing: .*plan-3\.json: ENOTDIR/);
    expect(printed).to.include('\nrepeat: coldframe sim --subject pair --seed 3 --seeds 1\n\n');
    expect(printed).to.include('\n1 violation in 3 pair plans, the last of seed 3\n');
  });

  it('names the files of other subjects by them', async () => {
    const { folder } = await swarm({ subject: 'link' });
    expect(readdirSync(folder)).to.deep.equal(['plan-link-3.json']);
  });

  it('ends with 0 when nothing is found, or when time is up', async () => {
    const { exit, printed } = await swarm({ seed: 10, for: 300 });
    expect(exit).to.equal(0);
    expect(printed).to.match(/^no violation in \d/);
  });
});
