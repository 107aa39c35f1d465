/** What bench files say of the models and boards of a bench in real time. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Bench } from '../../../hil/bench/bench.js';
import { type BenchFile, parseBench, readBenchFile } from '../../../hil/bench/bench-file.js';
import { openBench } from '../../../hil/bench/open-bench.js';
import { carryOut } from '../../../hil/job/run.js';
import { RefusalError } from '../../../protocol/refusals.js';
import { startBoards } from './boards.js';

async function refusalOf(work: Promise<unknown>) {
  const error: unknown = await work.catch((each) => each);
  return error instanceof RefusalError ? error.refusal : expect.fail(`no refusal: ${error}`);
}

/** Carries one image over. */
async function commitOne(bench: Bench): Promise<void> {
  await bench.run(bench.host.write(0, 0, Buffer.alloc(4096, 5)).done);
  const { generation } = await bench.run(bench.host.freeze(Buffer.alloc(16, 1)));
  await bench.run(bench.host.wait(generation, 'structured'));
}

describe('benches as their files describe them', () => {
  let folder = '';
  const at = (name: string) => join(folder, name);
  const bench = (...lines: readonly string[]): BenchFile => {
    writeFileSync(at('bench.yaml'), `${lines.join('\n')}\n`);
    return readBenchFile(at('bench.yaml'));
  };
  const key = (name: string, digit: string) => writeFileSync(at(name), digit.repeat(64), { mode: 0o600 });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'coldframe-site-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('keep areas in files that stay, and begin with none that holds something', async () => {
    const file = bench(
      ...['kind: processes', 'volumes:', '  - size: 64KiB', '    areas: {primary: p.img, secondary: s.img}'],
      'meta: {sub: sub.meta}',
    );
    for (const turn of [1, 2]) {
      await using opened = await openBench(file, { seed: '1' });
      await commitOne(opened);
      expect((await opened.readArea('secondary', 0, 0, 4096))[0], `turn ${turn}`).to.equal(5);
    }
    expect(readFileSync(at('s.img')).subarray(0, 4096)).to.deep.equal(Buffer.alloc(4096, 5));
    expect(existsSync(at('sub.meta'))).to.equal(true);
    writeFileSync(at('foreign.img'), Buffer.alloc(65_536, 1));
    const foreign = bench('kind: processes', 'volumes: [{size: 64KiB, areas: {staging: foreign.img}}]');
    const { code, detail } = await refusalOf(openBench(foreign, { seed: '1' }));
    expect(code).to.equal('file-exists');
    expect(detail).to.contain(at('foreign.img'));
  });

  it('do not cut the power of a model that keeps something in memory, nor read its areas', async () => {
    const file = bench('kind: processes', 'volumes: [{size: 64KiB, areas: {primary: "memory:"}}]');
    await using opened = await openBench(file, { seed: '1' });
    await commitOne(opened);
    expect([...opened.can.power]).to.deep.equal(['sub']);
    expect([...opened.can.areas]).to.deep.equal(['sub']);
    expect((await refusalOf(opened.powerCut('main'))).detail).to.contain('in memory');
    expect((await refusalOf(opened.readArea('primary', 0, 0, 512))).code).to.equal('capability-missing');
  });

  it('reset a board that has no power switch, once for each power cut', async () => {
    await using boards = await startBoards();
    const file = parseBench('b', `${boards.benchFile}hooks: {reset: {sub: 'echo reset >> ${at('resets')}'}}`);
    await using opened = await openBench(file, { seed: '1' });
    expect([...opened.can.power]).to.deep.equal(['sub']);
    await opened.powerCut('sub');
    await opened.powerOn('sub');
    expect(readFileSync(at('resets'), 'utf8')).to.equal('reset\n');
    expect((await refusalOf(opened.powerCut('main'))).detail).to.contain('no hook powerOff or reset');
  });

  it('let the disks of a board fail by its hook, and of no other', async () => {
    await using boards = await startBoards();
    const told = '$COLDFRAME_AREA $COLDFRAME_VOLUME $COLDFRAME_COMMAND $COLDFRAME_TIMES';
    const file = parseBench('b', `${boards.benchFile}hooks: {diskError: {sub: 'echo ${told} >> ${at('errors')}'}}`);
    await using opened = await openBench(file, { seed: '1' });
    expect([...opened.can.failDisks]).to.deep.equal(['sub']);
    await opened.failDisk({ area: 'staging', volume: 0, command: 'write', times: 7 });
    expect(readFileSync(at('errors'), 'utf8')).to.equal('staging 0 write 7\n');
    const { code, detail } = await refusalOf(opened.failDisk({ area: 'shadow', volume: 0, command: 'read', times: 1 }));
    expect([code, detail]).to.deep.equal(['capability-missing', 'this bench cannot let the disks of main fail']);
  });

  it('keep a second bench from boards that are in use, at once and by name', async () => {
    await using boards = await startBoards();
    const file = parseBench('b', boards.benchFile);
    await using opened = await openBench(file, { seed: '1' });
    const { code, detail } = await refusalOf(openBench(file, { seed: '1' }));
    expect(code).to.equal('port-in-use');
    expect(detail).to.contain(`process ${process.pid} (`);
    await opened.close();
    await using next = await openBench(file, { seed: '1' });
    await commitOne(next);
  });

  for (const kind of ['emulator', 'in-process']) {
    it(`(${kind}) seal each line with its own key, and leave one without a key open`, async () => {
      key('a.key', 'a');
      key('b.key', 'b');
      for (const keyFiles of ['{hostMain: a.key, mainSub: b.key}', '{hostSub: a.key}']) {
        const file = bench(`kind: ${kind}`, 'volumes: [{size: 64KiB}]', `keyFiles: ${keyFiles}`);
        await using opened = await openBench(file, { seed: '1' });
        await commitOne(opened);
      }
    });
  }

  it('refuse a scenario, a key and volumes that need what their features leave out', async () => {
    const run = (features: string, more: object) => {
      bench(`features: ${features}`);
      return refusalOf(carryOut({ bench: at('bench.yaml'), seed: 1, command: '', out: at('out'), ...more }));
    };
    expect(await run('[takeover]', { scenario: 'disaster' })).to.deep.equal({
      code: 'capability-missing',
      detail: 'the step expectRefused failback needs failback, which the bench file’s features leave out',
    });
    expect((await run('[groups]', { encrypt: true })).detail).to.contain('--encrypt needs sealed');
    expect((await run('[sealed]', { volumes: 2 })).detail).to.contain('--volumes needs groups');
  });
});
