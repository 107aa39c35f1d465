import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { runProcess } from '../../../hil/bench/processes.js';
import { expandPlan } from '../../../hil/simulate/expand.js';
import { planFileText } from '../../../hil/simulate/explore/plan-file.js';
import { defaultSettings } from '../../../hil/simulate/explore/subject.js';
import { expandLinkPlan } from '../../../hil/simulate/link/expand-link.js';
import type { Plan } from '../../../hil/simulate/plan.js';
import { temporaryFolder } from '../../temporary-folder.js';

const plan = expandPlan(10);
/** One bit per second: nothing comes to rest in time. */
const slowPlan: Plan = {
  ...plan,
  operations: [],
  faults: [],
  configuration: { ...plan.configuration, method: 'streaming', sealed: true, remoteLine: { baud: 1, latencyUs: 0 } },
};

async function replay(text: string, ...options: string[]) {
  const cwd = temporaryFolder();
  writeFileSync(join(cwd, 'plan.json'), text);
  return runProcess(['sim', '--replay', 'plan.json', ...options], { cwd });
}

describe('coldframe sim', () => {
  it('runs seeds, and says what they met', async () => {
    const options = ['--seed', '1', '--seeds', '4', '--jobs', '2', '--coverage', 'a/c.json'];
    const cwd = temporaryFolder();
    const { exitCode, stdout, stderr } = await runProcess(['sim', ...options], { cwd });
    expect(exitCode, stderr).to.equal(0);
    expect(stdout)
      .to.match(/^no violation in 4 pair plans and 4 link plans, the last of seed 4\n/)
      .and.to.match(/\nPair: faults by the state .*\n {22}main/)
      .and.to.match(/\nLink: faults .*\n {2}applied /)
      .and.to.match(/\n\d+ checks on\n$/);
    expect(stderr)
      .to.match(/^seeds from 1 on, on 2 threads\n/)
      .and.to.match(/\n8 plans, .*real time\n$/);
    expect(Object.keys(JSON.parse(readFileSync(join(cwd, 'a', 'c.json'), 'utf8')))).to.deep.equal(['pair', 'link']);
  });

  it('prints what was covered when it is interrupted, and ends with 130', async () => {
    const main = fileURLToPath(new URL('../../../hil/cli/main.js', import.meta.url));
    const child = spawn(process.execPath, [main, 'sim', '--for', '10m', '--jobs', '1'], { cwd: temporaryFolder() });
    let stdout = '';
    child.stdout.on('data', (text) => {
      stdout += text;
    });
    child.stderr.once('data', () => child.kill('SIGINT'));
    const exitCode = await new Promise((resolve) => child.once('close', resolve));
    expect(exitCode).to.equal(130);
    expect(stdout).to.match(/^interrupted: no violation in /);
  });

  it('replays a plan twice, and says what came out', async () => {
    const { exitCode, stdout } = await replay(JSON.stringify(plan));
    expect(exitCode, stdout).to.equal(0);
    expect(stdout).to.match(
      /^no violation\n.* events, .*\ntrace [0-9a-f]{64}\ngenerator [0-9a-f]{32}\nthe same twice\n$/,
    );
  });

  it('replays a plan of the link', async () => {
    const { exitCode, stdout } = await replay(JSON.stringify(expandLinkPlan(3)), '--json');
    expect(exitCode, stdout).to.equal(0);
    expect(JSON.parse(stdout)).to.include({ exit: 0, subject: 'link', deterministic: true });
  });

  it('ends with 1 for a plan that fails, and says so when that is something else than before', async () => {
    const { exitCode, stdout } = await replay(
      planFileText({ plan: slowPlan, found: 'older: too late', settings: defaultSettings }),
    );
    expect(exitCode).to.equal(1);
    expect(stdout)
      .to.match(/^VIOLATION {2}alive, at /)
      .and.to.include('(the file says: older: too late)');
  });

  it('runs a plan as its file says, unless told otherwise', async () => {
    const text = planFileText({ plan: slowPlan, found: '', settings: { without: [], withoutChecks: ['alive'] } });
    expect((await replay(text)).exitCode).to.equal(0);
    expect((await replay(text, '--without-check', 'final')).exitCode).to.equal(1);
  });

  it('tells the story of a plan', async () => {
    const { exitCode, stdout } = await replay(JSON.stringify(slowPlan), '--story');
    expect(exitCode).to.equal(1);
    expect(stdout)
      .to.match(/^streaming, sealed; /)
      .and.to.include('coldframe sim --replay plan.json')
      .and.to.include('\nVIOLATION  alive')
      .and.to.match(/\nthe same twice\n$/);
  });

  it('ends with 2 for a file that is no plan, and names the place', async () => {
    const { exitCode, stderr } = await replay(JSON.stringify({ ...plan, seed: 'of old' }));
    expect(exitCode, stderr).to.equal(2);
    expect(stderr).to.match(/configuration-invalid.*\(plan\.json: seed: .*\n {2}Mend the place that is named\./);
  });

  it('explores a piece of all there is to the end', async () => {
    const options = ['--exhaustive', '--only', 'alone/fresh-apart/copy/nothing', '--jobs', '1'];
    const { exitCode, stdout, stderr } = await runProcess(['sim', ...options], { cwd: temporaryFolder() });
    expect(exitCode, stderr).to.equal(0);
    expect(stdout)
      .to.include('1 of 1 (100 %) jobs')
      .and.to.match(/\nnothing found\n$/);
    expect(stderr).to.match(/^1 job in at most 10 min, on 1 thread\n/);
  });

  const usage: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['seeds and a time', ['--seeds', '1', '--for', '1s'], /argument-invalid.*cannot be used with/],
    ['an unknown check', ['--without-check', 'charm'], /argument-invalid.*charm is none of newest, /],
    ['a plan and seeds', ['--replay', 'plan.json', '--seeds', '3'], /argument-invalid/],
    ['a piece that there is not', ['--exhaustive', '--only', 'x'], /argument-invalid.*x names no job; one is alone/],
    ['a folder that is none', ['--save', '/dev/null'], /file-unreadable.*is no folder/],
    ['coverage in a folder that is none', ['--coverage', '/dev/null/x'], /file-unreadable.*is no folder/],
    ['a story of no plan', ['--story'], /argument-invalid.*--replay/],
    ['a plan that is missing', ['--replay', 'nowhere.json'], /file-missing.*nowhere\.json/],
  ];
  for (const [what, options, expected] of usage) {
    it(`ends with 2 for ${what}`, async () => {
      const { exitCode, stderr } = await runProcess(['sim', ...options], { cwd: temporaryFolder() });
      expect(exitCode, stderr).to.equal(2);
      expect(stderr).to.match(expected);
    });
  }
});
