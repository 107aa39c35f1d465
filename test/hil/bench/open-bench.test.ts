/** One and the same use of every kind of bench. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { remoteBytes } from '../../../hil/bench/bench.js';
import { parseBench } from '../../../hil/bench/bench-file.js';
import { openBench } from '../../../hil/bench/open-bench.js';
import { runProcess, temporaryFolder } from '../../../hil/bench/processes.js';
import { RefusalError } from '../../../protocol/refusals.js';
import { startBoards } from './boards.js';

const kinds = ['kind: emulator', 'kind: in-process', 'kind: processes', 'kind: processes\ntransport: pty'];

describe('every kind of bench', () => {
  for (const kind of kinds) {
    it(`(${kind.replace('\n', ', ')}) carries an image over, through a lost line and a power cut`, async () => {
      await using bench = await openBench(parseBench('b', `${kind}\nvolumes: [{size: 256KiB}]`), {
        ...{ seed: '7', key: randomBytes(32) },
      });
      const data = randomBytes(65_536);
      await bench.run(bench.host.write(0, 4096, data).done);
      bench.cutRemote();
      const { generation } = await bench.run(bench.host.freeze(randomBytes(16)));
      await bench.pass(20_000);
      expect((await bench.run(bench.host.status())).committed, 'committed over a line that is cut').to.equal(0);
      await bench.powerCut('main');
      bench.restoreRemote();
      await bench.powerOn('main');
      await bench.run(bench.host.wait(generation, 'structured'));
      expect(await bench.readArea('secondary', 0, 4096, data.length)).to.deep.equal(data);
      expect(remoteBytes(bench)).to.be.greaterThan(data.length);
    });
  }

  for (const kind of kinds) {
    it(`(${kind.replace('\n', ', ')}) lets a disk fail until that is used up, mended, or the power goes`, async () => {
      await using bench = await openBench(parseBench('b', `${kind}\nvolumes: [{size: 64KiB}]`), { seed: '7' });
      await bench.run(bench.host.write(0, 0, Buffer.alloc(4096, 3)).done);
      const { generation } = await bench.run(bench.host.freeze(randomBytes(16)));
      await bench.run(bench.host.wait(generation, 'structured'));
      const errors = { area: 'secondary', volume: 0, command: 'read' } as const;
      const read = async () => {
        const ended = await bench.run(bench.subHost.read(0, 0, 4096)).catch((error: unknown) => error);
        return ended instanceof RefusalError ? ended.refusal.code : Buffer.from(ended as Uint8Array)[0];
      };
      // A controller tries three times what ends with a medium error.
      await bench.failDisk({ ...errors, times: 5 });
      expect([await read(), await read(), await read()]).to.deep.equal(['scsi-error', 3, 3]);
      await bench.failDisk({ ...errors, times: 1_000_000 });
      expect(await read()).to.equal('scsi-error');
      await bench.failDisk({ ...errors, times: 0 });
      expect(await read(), 'mended').to.equal(3);
      await bench.failDisk({ ...errors, times: 1_000_000 });
      await bench.powerCut('sub');
      await bench.powerOn('sub');
      expect(await read(), 'after a power cut').to.equal(3);
      const failure = await bench.failDisk({ ...errors, volume: 1, times: 1 }).catch((error: unknown) => error);
      expect(failure).to.be.instanceOf(RefusalError);
    });
  }

  it('(kind: lines) uses what is at the end of lines, starts nothing, and says what it cannot do', async () => {
    await using boards = await startBoards();
    await using bench = await openBench(parseBench('b', boards.benchFile), { seed: '7' });
    await bench.host.write(0, 0, Buffer.alloc(4096, 3)).done;
    const { generation } = await bench.host.freeze(randomBytes(16));
    await bench.host.wait(generation);
    expect(Buffer.from(await bench.subHost.read(0, 0, 4096))).to.deep.equal(Buffer.alloc(4096, 3));
    expect([...bench.can.areas, ...bench.can.power, ...bench.can.failDisks]).to.deep.equal([]);
    expect(() => bench.cutRemote())
      .to.throw(RefusalError)
      .with.nested.property('refusal.code', 'capability-missing');
  });

  it('refuses a board that is set otherwise than the bench file says', async () => {
    await using boards = await startBoards();
    const text = boards.benchFile.replace('256KiB', '512KiB');
    const failed = await openBench(parseBench('b', text), { seed: '7' }).catch((error) => error);
    expect(failed.refusal).to.deep.equal({
      code: 'configuration-invalid',
      detail:
        'the bench file says method copy, block 4096, volumes 524288; main says method copy, block 4096, volumes 262144',
    });
  });

  const misfits = [
    ['volume-mismatch', { subSize: '512KiB' }, 'main says volumes 262144, the sub 524288'],
    ['block-size-mismatch', { subBlock: '8KiB' }, 'main says blocks of 4096 bytes, the sub 8192'],
  ] as const;
  for (const [code, ofSub, detail] of misfits) {
    it(`refuses boards that do not fit each other before the first step, with 4: ${code}`, async () => {
      await using boards = await startBoards(ofSub);
      const failed = await openBench(parseBench('b', boards.benchFile), { seed: '7' }).catch((error) => error);
      expect(failed.refusal).to.deep.equal({ code, detail });
      const folder = await temporaryFolder();
      try {
        writeFileSync(join(folder.path, 'bench.yaml'), boards.benchFile);
        const run = ['run', '--bench', 'bench.yaml', '--scenario', 'tiny-shadow', '--out', 'out'];
        const { exitCode, stdout, stderr } = await runProcess(run, { cwd: folder.path });
        expect(exitCode, `${stdout}${stderr}`).to.equal(4);
        expect(stderr).to.match(new RegExp(`^coldframe: ${code}: `, 'm'));
        expect(`${stdout}${stderr}`).not.to.contain('write').and.not.to.contain('pair-suspended');
      } finally {
        await folder.remove();
      }
    });
  }

  it('refuses when nobody is at the end of a line', async () => {
    const text = 'kind: lines\nlines: {host: "unix:/nonexistent/a", sub: "unix:/nonexistent/b"}';
    const failed = await openBench(parseBench('b', text), { seed: '7', absenceMsMax: 50 }).catch((error) => error);
    expect(failed).to.be.instanceOf(RefusalError);
    expect(failed.refusal.code).to.equal('line-unavailable');
  });
});
