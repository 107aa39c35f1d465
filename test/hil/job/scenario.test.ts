import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { parseBench } from '../../../hil/bench/bench-file.js';
import type { EmulatorBench } from '../../../hil/bench/emulator-bench.js';
import { openBench } from '../../../hil/bench/open-bench.js';
import { requireAbilities } from '../../../hil/job/needed-abilities.js';
import { runScenario } from '../../../hil/job/scenario.js';
import { readScenario, type Step } from '../../../hil/job/scenario-file.js';
import { scenarioList } from '../../../hil/job/scenario-list.js';
import { shippedScenarios } from '../../../hil/job/shipped-scenarios.js';
import { countStates } from '../../../hil/report/block-states.js';
import { junitXml } from '../../../hil/report/junit.js';
import { terminalLines } from '../../../hil/report/terminal.js';
import { methods } from '../../../protocol/ids.js';
import { RefusalError } from '../../../protocol/refusals.js';
import { temporaryFolder } from '../../temporary-folder.js';
import { startBoards } from '../bench/boards.js';
import { about, failedChecks, runOnEmulator, stepsOf as steps } from './scenario-run.js';

const shipped = (name: string) => fileURLToPath(new URL(`../../../../hil/scenarios/${name}.yaml`, import.meta.url));
/** Changes bytes behind the firmware's back, once a controller has told of something. */
function damage(name: string, where: { disk: 'primary0' | 'secondary0'; offset: number }) {
  return (bench: EmulatorBench) => {
    const disk = (where.disk === 'primary0' ? bench.emulated.disks : bench.emulated.subDisks).get(where.disk);
    bench.onMark((mark) => {
      if (mark.name !== name || disk === undefined) return;
      disk.store.apply({ writes: [{ offset: where.offset, data: Buffer.alloc(512, 0xee) }], punches: [] });
    });
  };
}

describe('scenarios', () => {
  for (const name of ['default', 'consistency-group', 'lost-line', 'disaster']) {
    for (const method of methods) {
      it(`${name}.yaml passes with the ${method} method`, async () => {
        const scenario = readScenario(shipped(name), { writes: 20, freezes: 2 });
        const outcome = await runOnEmulator({ scenario, method });
        expect(failedChecks(outcome)).to.deep.equal([]);
        expect(outcome.exit).to.equal(0);
        expect(outcome.record.verdict).to.equal('passed');
        expect(outcome.record.pairState).to.equal('PAIR');
      });
    }
  }

  for (const name of [
    'overwrite-in-flight',
    'tiny-shadow',
    'noisy-line',
    'encrypted-streaming',
    'refusals',
    'resync',
    'disk-error',
    'power-cut-structuring',
  ]) {
    it(`${name}.yaml passes`, async () => {
      const scenario = readScenario(shipped(name), { writes: 60, freezes: 1 });
      const outcome = await runOnEmulator({ scenario, method: scenario.bench?.method ?? 'differential' });
      expect(failedChecks(outcome)).to.deep.equal([]);
      expect(outcome.exit).to.equal(0);
      expect(outcome.record.pairState).to.equal('PAIR');
      expect(outcome.record.generations.length).to.be.greaterThan(0);
    });
  }

  it('say of each shipped one what happens in it', () => {
    const names = shippedScenarios();
    expect(names.length).to.be.at.least(10);
    for (const name of names) {
      const { title, about } = readScenario(shipped(name));
      expect(title, name).to.match(/^[a-z].{20,}$/);
      expect(about, name).to.match(/^[a-z].{40,}$/);
      expect(scenarioList().join('\n')).to.contain(`${name.padEnd(24)}${title}\n${' '.repeat(24)}${about}`);
    }
  });

  it('meet what they are there for', async () => {
    const tiny = readScenario(shipped('tiny-shadow'), { writes: 100 });
    const { record: shadow } = await runOnEmulator({ scenario: tiny });
    // 64 KiB hold 16 blocks; many more were overwritten before they were sent.
    expect(shadow.generations[0]?.deferredBlocks).to.be.greaterThan(16);
    const power = readScenario(shipped('power-cut-structuring'), { writes: 200 });
    const { record } = await runOnEmulator({ scenario: power });
    const lost = record.events.filter(({ text }) => text === 'sub loses its power').map(({ atUs }) => atUs);
    expect(lost.length).to.equal(2);
    for (const [index, { committedAtUs = 0, structuredAtUs = 0 }] of record.generations.entries()) {
      expect(lost[index]).to.be.within(committedAtUs, structuredAtUs);
    }
    const disks = readScenario(shipped('disk-error'), { writes: 60 });
    const { record: failing } = await runOnEmulator({ scenario: disks });
    expect(failing.generations.map(({ failedReason }) => failedReason)).to.deep.equal([
      ...[undefined, undefined, 'disk-error', undefined],
    ]);
  });

  it('show a check that passes only when it is tried again as flaky, with what was found before', async () => {
    const scenario = steps(
      'write: {writes: 60, profile: sequential}',
      'freeze',
      'wait: structured',
      'verify: {tries: 3, everyMs: 2000}',
    );
    const mended = (bench: EmulatorBench) => {
      const disk = bench.emulated.subDisks.get('secondary0');
      bench.onMark(({ name, role, atUs }) => {
        if (name !== 'structured' || role !== 'sub' || disk === undefined) return;
        const before = disk.durable(8192, 512);
        const write = (data: Buffer) => disk.store.apply({ writes: [{ offset: 8192, data }], punches: [] });
        write(Buffer.alloc(512, 0xee));
        bench.emulated.kernel.at(atUs + 1_000_000, () => write(before));
      });
    };
    const { record, exit } = await runOnEmulator({ scenario, prepare: mended });
    const [check] = record.checks;
    expect([exit, record.verdict, check?.verdict, check?.tries]).to.deep.equal([0, 'passed', 'flaky', 2]);
    expect(check?.details).to.match(/^try 1: .*block 2/);
    expect(terminalLines(record, { colour: false }).join('\n')).to.contain(`≈ flaky: ${check?.name}`);
    expect(junitXml(record)).to.contain('(flaky: passed at try 2)').and.contain('flaky: image 1 at the sub');
    const kept = await runOnEmulator({ scenario, prepare: damage('structured', { disk: 'secondary0', offset: 8192 }) });
    const lines = kept.record.checks[0]?.details.split('\n') ?? [];
    expect([kept.exit, kept.record.checks[0]?.verdict, kept.record.checks[0]?.tries]).to.deep.equal([1, 'failed', 3]);
    expect(lines.some((line) => line.startsWith('try 2: '))).to.equal(true);
  });

  it('are not begun on a bench that has no means for one of their steps', () => {
    const { steps: wanted } = readScenario(shipped('disk-error'));
    const can = {
      cutRemote: false,
      power: new Set(['main'] as const),
      areas: new Set<never>(),
      failDisks: new Set(['main'] as const),
      virtualTime: false,
    };
    const refusal = (nested: readonly Step[]) => () => requireAbilities({ can, kind: 'lines' }, nested);
    const text = 'the step diskError needs a bench that can let the disks of sub fail; this is lines';
    expect(refusal(wanted)).to.throw(RefusalError, text);
    expect(refusal(wanted.filter((step) => step.kind !== 'diskError' || step.area === 'primary'))).not.to.throw();
    expect(refusal([{ kind: 'powerOff', role: 'both' }])).to.throw(RefusalError, 'cut the power of sub');
    expect(refusal([{ kind: 'powerOff', role: 'main' }])).not.to.throw();
    expect(refusal([{ kind: 'repeat', times: 2, steps: [{ kind: 'cut', ms: 1, steps: [] }] }])).to.throw(
      RefusalError,
      'cut the line',
    );
  });

  it('give the same record for the same seed', async () => {
    const scenario = readScenario(shipped('default'), { writes: 30, freezes: 1 });
    const [first, second] = [await runOnEmulator({ scenario }), await runOnEmulator({ scenario })];
    expect(second.record).to.deep.equal(first.record);
  });

  it('fill in times, counts, maps and lines', async () => {
    const scenario = readScenario(shipped('default'), { writes: 60, freezes: 2 });
    const { record } = await runOnEmulator({ scenario });
    expect(record.generations.map(({ generation, verdict }) => [generation, verdict])).to.deep.equal([
      [1, 'passed'],
      [2, 'passed'],
    ]);
    for (const each of record.generations) {
      expect(each.frozenAtUs).to.be.lessThan(each.completeAtUs ?? 0);
      expect(each.completeAtUs).to.be.lessThan(each.committedAtUs ?? 0);
      expect(each.committedAtUs).to.be.lessThan(each.structuredAtUs ?? 0);
      expect(each.bytesOnLine).to.be.greaterThan(
        (each.blocksSent - (each.zeroBlocks ?? expect.fail('zeros of a model'))) * 4096,
      );
      const maps = record.blockMaps.filter(({ generation }) => generation === each.generation);
      expect(maps.map(({ area }) => area)).to.deep.equal(['primary', 'shadow', 'staging', 'secondary']);
      const [primary, shadow, staging] = maps.map(({ states }) => countStates(states));
      expect((primary?.get('s') ?? 0) + (primary?.get('z') ?? 0)).to.equal(each.blocksSent);
      expect(primary?.get('s')).to.equal(staging?.get('s'));
      expect(shadow?.get('d') ?? 0).to.equal(each.deferredBlocks);
    }
    expect(record.latencies.length).to.equal(2 * (60 + 16 + 40 + 60));
    expect(record.latencies.some(({ deferred }) => deferred === true)).to.equal(true);
    expect(record.lines[0]?.bytesSent).to.be.greaterThan(0);
  });

  it('fail when the sub gives a wrong block, and say what it holds', async () => {
    const scenario = steps('write: {writes: 60, profile: sequential}', 'freeze', 'wait: structured', 'verify');
    const outcome = await runOnEmulator({
      scenario,
      prepare: damage('structured', { disk: 'secondary0', offset: 8192 }),
    });
    expect(outcome.exit).to.equal(1);
    expect(failedChecks(outcome).map(({ name }) => name)).to.deep.equal([
      'image 1 at the sub is what was frozen',
      'the raw secondary area equals image 1',
    ]);
    const [generation] = outcome.record.generations;
    expect(generation?.wrongRanges).to.deep.equal([{ volume: 0, first: 2, count: 1 }]);
    expect(generation?.explanations[0]).to.match(/^block 2 of volume 0 is mixed: sector 0 holds data without a stamp/);
    const secondary = outcome.record.blockMaps.find(({ area }) => area === 'secondary');
    expect(countStates(secondary?.states ?? '').get('w')).to.equal(1);
  });

  it('fail when main gives the host something else than it wrote', async () => {
    const scenario = steps('write: {writes: 60, profile: sequential}', 'freeze', 'wait: structured', 'verify');
    const outcome = await runOnEmulator({ scenario, prepare: damage('structured', { disk: 'primary0', offset: 0 }) });
    expect(failedChecks(outcome).map(({ name }) => name)).to.deep.equal([
      'main gives the newest writes after freeze 1',
      'the raw primary area equals the newest writes after freeze 1',
    ]);
  });

  it('fail at an instruction that is refused, and at one that should have been', async () => {
    const refused = await runOnEmulator({ scenario: steps('takeover') });
    expect(refused.exit).to.equal(1);
    expect(failedChecks(refused)[0]?.name).to.equal('step takeover');
    const carriedOut = await runOnEmulator({
      scenario: steps('expectRefused: {instruction: freeze, code: transfer-in-progress}'),
    });
    expect(failedChecks(carriedOut)[0]?.details).to.equal('answer: was carried out');
  });

  it('put a raw image into a volume, and only what is not zero in it', async () => {
    const path = join(temporaryFolder(), 'raw.img');
    const image = Buffer.alloc(64 * 4096);
    image.fill(7, 5 * 4096, 9 * 4096);
    image.fill(9, 63 * 4096);
    writeFileSync(path, image);
    const scenario = steps('freeze', 'wait: structured', 'verify');
    let secondary: Buffer = Buffer.alloc(0);
    const { exit, record } = await runOnEmulator({
      scenario,
      image: path,
      prepare: (bench) =>
        bench.onMark(({ name }) => {
          if (name === 'structured') secondary = bench.emulated.durable('secondary0');
        }),
    });
    expect(exit).to.equal(0);
    expect(record.generations[0]?.blocksSent).to.equal(5);
    expect(secondary.equals(image)).to.equal(true);
  });

  it('end when they are interrupted, with what there is so far', async () => {
    const controller = new AbortController();
    const scenario = steps('write: {writes: 20}', 'freeze', 'wait: structured', 'verify');
    const { exit, record } = await runOnEmulator({
      scenario,
      signal: controller.signal,
      onStep: ({ kind }) => kind === 'wait' && controller.abort(),
    });
    expect(exit).to.equal(130);
    expect(record.verdict).to.equal('interrupted');
    expect(record.generations.length).to.equal(1);
  });
});

describe('scenarios on a bench that is lost', () => {
  it('end without a verdict, with exit code 3 and what there is so far', async () => {
    await using boards = await startBoards();
    const scenario = steps('write: {writes: 5}', 'freeze', 'wait: structured', 'verify', 'pass: 0', 'freeze');
    await using bench = await openBench(parseBench('b', boards.benchFile), { seed: '1', absenceMsMax: 1000 });
    const onStep = ({ kind }: Step) => kind === 'pass' && void boards.main.kill();
    const { exit, record } = await runScenario({ bench, scenario, about, onStep });
    expect(exit).to.equal(3);
    expect(record.verdict).to.equal('unavailable');
    expect(record.reason).to.match(/^freeze: line-/);
    expect(record.generations[0]?.verdict).to.equal('passed');
    expect(record.checks.map(({ verdict }) => verdict)).to.deep.equal(['passed', 'passed']);
  });
});
