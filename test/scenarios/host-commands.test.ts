import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { runProcess } from '../../hil/bench/processes.js';
import { type Status, statusSchema } from '../../host/status.js';
import { Pair } from './pair.js';

const mib = 2 ** 20;

describe('host commands', () => {
  let pair: Pair;
  let image: Buffer;

  before(async () => {
    pair = await Pair.make();
    await pair.startBoth();
    image = Buffer.alloc(4 * mib);
    image.set(await pair.writeRandom(4096, 3 * mib), 4096);
    await pair.waitStructured(await pair.freeze());
  });
  after(() => pair.remove());

  it('reads back what was written, at main and at the sub', async () => {
    for (const line of [pair.mainLine, pair.subLine]) {
      const to = pair.path('part');
      await pair.host(line, 'read', '--offset', '512', '--length', '1MiB', '--to', to);
      expect(readFileSync(to).equals(image.subarray(512, 512 + mib))).to.equal(true);
    }
  });

  it('tells the state of both controllers as its schema says', async () => {
    for (const line of [pair.mainLine, pair.subLine]) {
      const status = statusSchema.parse(JSON.parse(await pair.host(line, 'status', '--json')));
      expect(status).to.include({
        pairState: 'PAIR',
        reason: null,
        epoch: 1,
        method: 'differential',
        blockBytes: 4096,
      });
      expect(status.generation).to.include({ committed: 1, structured: 1, failed: 0, failedReason: null });
      expect(status.volumes).to.deep.equal([4 * mib]);
    }
    expect(await pair.host(pair.mainLine, 'status'))
      .to.contain('PAIR')
      .and.to.contain('committed 1');
  });

  it('gives equal digests for equal ranges, and others for others', async () => {
    const range = ['--offset', '4096', '--length', '1MiB'];
    const [main, sub] = await Promise.all([
      pair.host(pair.mainLine, 'digest', ...range),
      pair.host(pair.subLine, 'digest', ...range),
    ]);
    expect(main)
      .to.match(/^[0-9a-f]{32}\n$/)
      .and.to.equal(sub);
    expect(await pair.host(pair.subLine, 'digest')).not.to.equal(sub);
  });

  it('verifies the sub against a golden image, and names the wrong blocks of another', async () => {
    const golden = pair.path('golden');
    await runProcess(['golden', 'record', '--image', pair.path('primary.img'), '--out', golden]);
    expect(await pair.host(pair.subLine, 'verify', '--golden', golden)).to.contain('generation 1 is the golden image');
    const other = Buffer.from(image);
    other[8192] = (other[8192] ?? 0) ^ 1;
    writeFileSync(pair.path('other.img'), other);
    await runProcess(['golden', 'record', '--image', pair.path('other.img'), '--out', golden]);
    for (const full of [[], ['--full']]) {
      const end = await pair.tryHost(pair.subLine, 'verify', '--golden', golden, ...full);
      expect(end.exitCode).to.equal(1);
      expect(end.stdout).to.contain('volume 0, block 2 (bytes 8192 to 12287)');
      expect(end.stderr).to.contain('golden-mismatch');
    }
  });

  it('takes no golden image of other volumes for one of these', async () => {
    const golden = pair.path('short');
    writeFileSync(pair.path('short.img'), image.subarray(0, mib));
    for (const block of ['4096', '8192']) {
      const image = ['--image', pair.path(block === '4096' ? 'short.img' : 'primary.img')];
      await runProcess(['golden', 'record', ...image, '--block', block, '--out', golden]);
      const end = await pair.tryHost(pair.subLine, 'verify', '--golden', golden);
      expect(end.exitCode).to.equal(2);
      expect(end.stderr).to.match(/golden-size: .* \((volumes|blocks) of \d+ /);
    }
  });

  it('refuses a range outside of the volume, and a volume that is not there', async () => {
    const to = ['--to', pair.path('nothing')];
    const outside = await pair.tryHost(pair.mainLine, 'read', '--offset', '4MiB', '--length', '512', ...to);
    const absent = await pair.tryHost(
      pair.mainLine,
      'read',
      '--volume',
      '1',
      '--offset',
      '0',
      '--length',
      '512',
      ...to,
    );
    expect([outside.exitCode, absent.exitCode]).to.deep.equal([1, 1]);
    expect(outside.stderr).to.contain('range-outside');
    expect(absent.stderr).to.contain('unknown-volume');
    expect(existsSync(pair.path('nothing'))).to.equal(false);
  });

  it('freezes between its hooks, and resumes also when the freeze is refused', async () => {
    const log = pair.path('hooks');
    const hooks = ['--quiesce', `echo quiesced >> ${log}`, '--resume', `echo resumed >> ${log}`];
    const frozen = JSON.parse(await pair.host(pair.mainLine, 'freeze', '--json', ...hooks));
    expect(frozen).to.deep.equal({ generation: 2, epoch: 1, included: [] });
    const refused = await pair.tryHost(pair.subLine, 'freeze', ...hooks);
    expect(refused.exitCode).to.equal(1);
    expect(refused.stderr).to.contain('wrong-controller');
    expect(readFileSync(log, 'utf8')).to.equal('quiesced\nresumed\nquiesced\nresumed\n');
  });

  it('does not freeze when quiescing fails', async () => {
    const end = await pair.tryHost(pair.mainLine, 'freeze', '--quiesce', 'exit 7');
    expect(end.exitCode).to.equal(3);
    expect(end.stderr).to.contain('command-failed').and.to.contain('exit code 7');
    expect(JSON.parse(await pair.host(pair.mainLine, 'status', '--json')).generation.frozen).to.equal(2);
  });

  it('resumes when it is interrupted between its hooks', async () => {
    const [quiesced, resumed] = [pair.path('quiesced'), pair.path('resumed')];
    rmSync(resumed, { force: true });
    const hooks = ['--quiesce', `echo; touch ${quiesced}; sleep 0.4`, '--resume', `touch ${resumed}`];
    const end = runProcess(['host', 'freeze', '--line', pair.mainLine, ...hooks], {
      onStart: async ({ pid }) => {
        while (!existsSync(quiesced)) await pause(10);
        process.kill(pid ?? 0, 'SIGINT');
      },
    });
    expect((await end).exitCode).to.equal(130);
    expect(existsSync(resumed)).to.equal(true);
  });

  it('gives up waiting for a generation in the time allowed, and at once for one that never was', async () => {
    await pair.sub?.kill();
    const generation = await pair.freeze();
    const late = await pair.tryHost(pair.mainLine, 'wait', '--generation', generation, '--timeout', '0.4');
    const never = await pair.tryHost(pair.mainLine, 'wait', '--generation', '99');
    await pair.startSub();
    expect([late.exitCode, never.exitCode]).to.deep.equal([1, 1]);
    expect(late.stderr).to.contain('timed-out');
    expect(never.stderr).to.contain('generation-unknown');
    await pair.waitStructured(generation);
  });

  it('suspends and brings back the pair', async () => {
    expect(await pair.host(pair.mainLine, 'suspend')).to.contain('suspend done');
    expect(await pair.host(pair.mainLine, 'suspend')).to.contain('nothing to change');
    const refused = await pair.tryHost(pair.mainLine, 'freeze');
    expect(refused.exitCode).to.equal(1);
    expect(refused.stderr).to.contain('pair-suspended');
    expect(await pair.host(pair.mainLine, 'resync')).to.contain('resync done');
    await pair.waitStructured(await pair.freeze());
  });

  it('writes zeros over data, at main and in the next image', async () => {
    writeFileSync(pair.path('zeros'), Buffer.alloc(mib));
    await pair.host(pair.mainLine, 'write', '--offset', '65536', '--from', pair.path('zeros'));
    await pair.waitStructured(await pair.freeze());
    image.fill(0, 65_536, 65_536 + mib);
    expect(pair.read('primary.img').equals(image), 'main').to.equal(true);
    expect(pair.read('secondary.img').equals(image), 'sub').to.equal(true);
  });
});

describe('takeover and failback by host commands', () => {
  it('works on at the sub when main is gone, and brings the difference back', async () => {
    const pair = await Pair.make();
    try {
      await pair.startBoth();
      const image = Buffer.alloc(4 * mib);
      image.set(await pair.writeRandom(0, mib), 0);
      await pair.waitStructured(await pair.freeze());
      const healthy = await pair.tryHost(pair.subLine, 'takeover');
      expect(healthy.exitCode).to.equal(1);
      expect(healthy.stderr).to.contain('pair-healthy');
      await pair.main?.kill();
      expect(await pair.host(pair.subLine, 'takeover')).to.contain('epoch 2');
      const data = Buffer.alloc(8192, 0x5a);
      image.set(data, 65_536);
      writeFileSync(pair.path('late'), data);
      await pair.host(pair.subLine, 'write', '--offset', '65536', '--from', pair.path('late'));
      await pair.startMain();
      await until(pair, pair.subLine, ({ lines }) => lines.some(({ name, up }) => name === 'remote' && up));
      await pair.host(pair.subLine, 'failback');
      await until(pair, pair.mainLine, ({ pairState }) => pairState === 'PAIR');
      expect(pair.read('primary.img').equals(image), pair.logs()).to.equal(true);
    } finally {
      await pair.remove();
    }
  });
});

async function until(pair: Pair, line: string, condition: (status: Status) => boolean): Promise<void> {
  for (let tries = 0; tries < 40; tries += 1) {
    if (condition(statusSchema.parse(JSON.parse(await pair.host(line, 'status', '--json'))))) return;
  }
  expect.fail(`it did not happen${pair.logs()}`);
}
