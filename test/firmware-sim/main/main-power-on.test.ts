/** What main does with its disks when power comes on, before it takes the first instruction. */
import { expect } from 'chai';
import { epoch, generation } from '../../../protocol/ids.js';
import { refusals } from '../../../protocol/refusals.js';
import { checkCondition } from '../../../protocol/scsi/conditions.js';
import { inWords } from '../device-lab.js';
import { MainDevice, makeMain, paired, started, volumeBlocks } from './main-device.js';

const notMeta = (lab: MainDevice) => lab.commands.filter((each) => !each.startsWith('meta'));

describe('a main whose meta area is fresh', () => {
  it('asks what its volumes hold, settles every area, marks its shadow areas as its pair’s, and runs', () => {
    const lab = new MainDevice({}, { volumes: [volumeBlocks, 8] }).powerOn();
    expect(notMeta(lab)).to.deep.equal([
      ...['primary0 getLbaStatus', 'primary1 getLbaStatus', 'primary0 synchronizeCache', 'shadow0 synchronizeCache'],
      ...['primary1 synchronizeCache', 'shadow1 synchronizeCache'],
      ...['shadow0 read', 'shadow0 write', 'shadow1 read', 'shadow1 write'],
    ]);
    expect(lab.marks('running')).to.have.length(1);
    const { pair, pairState, blockBytes, volumes, method } = lab.connect('host', 'host').status();
    expect([pairState, blockBytes, volumes, method]).to.deep.equal(['SMPL', 1024, [16384, 8192], 'differential']);
    const stamp = lab.disks.get('shadow0')?.durable(volumeBlocks * 1024, 512);
    expect(stamp?.includes(Buffer.from(pair))).to.equal(true);
  });

  it('counts what lay there as written: it is part of the first image', () => {
    const lab = new MainDevice().put('primary0', 9, 'old').powerOn().connect('host', 'host');
    lab.connect('remote', 'sub').serve().imageOf(1);
    expect([lab.imageLetters(8, 5), lab.committed]).to.deep.equal(['.old.', 1]);
  });

  it('halts when it cannot find out what its volume holds', () => {
    const lab = new MainDevice();
    lab.trouble = (disk) => (disk === 'primary0' ? checkCondition('unrecoveredReadError') : undefined);
    expect(lab.powerOn().halted).to.match(/^disk-error: primary0: /);
    expect([lab.marks('running'), [...new Set(notMeta(lab))]]).to.deep.equal([[], ['primary0 getLbaStatus']]);
  });

  it('marks no area before the pair is durable', () => {
    const lab = new MainDevice();
    lab.trouble = (disk, { op }) => (disk === 'meta' && op === 'write' ? 'wait' : undefined);
    lab.powerOn();
    expect(notMeta(lab)).to.deep.equal(['primary0 getLbaStatus']);
    lab.release();
    expect(lab.marks('running')).to.have.length(1);
  });
});

describe('a main whose records are read back', () => {
  it('settles its areas before it runs, and looks whether they are its pair’s', () => {
    const lab = paired();
    lab.commands = [];
    lab.restart();
    expect(notMeta(lab)).to.deep.equal(['primary0 synchronizeCache', 'shadow0 synchronizeCache', 'shadow0 read']);
    const other = new MainDevice();
    other.powerOns = 9;
    const disk = other.powerOn().disks.get('shadow0');
    const stamp = disk?.durable(volumeBlocks * 1024, 512) ?? Buffer.alloc(0);
    expect(lab.restart().halted, 'its own').to.equal(undefined);
    lab.disks.get('shadow0')?.store.apply({ writes: [{ offset: volumeBlocks * 1024, data: stamp }], punches: [] });
    expect(lab.restart().halted).to.match(/^foreign-area: shadow0 /);
  });

  it('refuses a failback that it is asked for when it has halted, with the reason', () => {
    const lab = paired().restart(makeMain({ method: 'copy' }));
    lab.connect('remote', 'sub').say('remote', {
      ...{ kind: 'failbackAsk', request: 5, epoch: epoch(2), committed: generation(1), discard: false },
    });
    const refused = lab.heard('remote', 'refused');
    expect(refused.map(({ request, code }) => [request, code])).to.deep.equal([[5, refusals['wrong-method'].number]]);
    expect(refused[0]?.detail).to.match(/^main halted: /);
  });

  it('halts when it is started with other areas, or as another method', () => {
    expect(paired().restart(makeMain({ blockBytes: 2048 })).halted).to.match(/^block-size-mismatch: /);
    expect(paired().restart(makeMain({ method: 'copy' })).halted).to.match(/^wrong-method: /);
    const lab = new MainDevice({}, { volumes: [volumeBlocks, 8] }).powerOn();
    expect(lab.restart(makeMain({ volumeCount: 1 })).halted).to.match(/^volume-mismatch: .*\[16384,8192\].*\[16384\]/);
    expect(lab.restart(makeMain({ volumeCount: 3 })).halted).to.match(/^volume-mismatch: .*\[16384,8192,0\]/);
  });

  it('goes on from a snapshot as from all that led to it', () => {
    const lab = paired({ journalGrowthBytesMin: 2048 });
    for (let token = 2; token < 30; token += 1) {
      lab.write(token % 8, 'XY');
      lab.imageOf(token);
    }
    lab.write(1, 'Z');
    const before = lab.status();
    lab.restart().connect('host', 'host');
    expect({ ...lab.status(), request: 0, lines: [] }).to.deep.equal({ ...before, request: 0, lines: [] });
    expect([before.committed, before.changedBlocks, before.pairState]).to.deep.equal([29, 1, 'PAIR']);
  });

  it('keeps what is deferred, and does not give its slots to others', () => {
    const lab = paired();
    lab.write(0, 'XYZ');
    lab.silent.add('remote');
    lab.freeze(2);
    lab.write(0, 'PQ');
    lab.restart().connect('host', 'host');
    const { deferredBlocks, shadowSlotsFree, frozen, committed } = lab.status();
    expect([deferredBlocks, shadowSlotsFree, frozen, committed]).to.deep.equal([2, 14, 2, 1]);
    expect([lab.read(0, 1), lab.read(0, 4), lab.write(2, 'R')]).to.deep.equal(['unitAttention', 'PQZd', 'good']);
    expect([lab.read(0, 4), lab.status().shadowSlotsFree]).to.deep.equal(['PQRd', 13]);
    lab.silent.clear();
    lab.connect('remote', 'sub').pairing().serve('pairing');
    expect([lab.imageLetters(0, 4), lab.status().shadowSlotsFree]).to.deep.equal(['XYZd', 16]);
    expect(lab.letters('primary0', 0, 4)).to.equal('PQRd');
  });

  it('tells its side of the pair to a sub that was there before it had read its records', () => {
    const lab = paired();
    lab.trouble = (disk, { op }) => (disk === 'primary0' && op === 'synchronizeCache' ? 'wait' : undefined);
    lab.restart().connect('remote', 'sub').pairing();
    expect(lab.heard('remote', 'pairing')).to.deep.equal([]);
    lab.release();
    expect(lab.heard('remote', 'pairing').map(({ committed }) => committed)).to.deep.equal([1]);
    expect(paired().restart().connect('remote', 'sub').heard('remote', 'pairing'), 'or comes later').to.have.length(1);
  });
});

describe('a main whose disk did not settle at power on', () => {
  /** Flushes of these disks fail until this is taken back. */
  const failing = (lab: MainDevice, ...disks: readonly string[]) => {
    lab.trouble = (disk, { op }) =>
      op === 'synchronizeCache' && disks.includes(disk) ? checkCondition('hardwareFailure') : undefined;
  };

  it('settles it before the next freeze, and freezes nothing as long as that fails', () => {
    const lab = paired({}, { volumes: [volumeBlocks, 8] });
    failing(lab, 'primary1', 'shadow0');
    lab.restart().connect('host', 'host').connect('remote', 'sub').pairing();
    lab.commands = [];
    lab.news('host');
    lab.freeze(2);
    expect([notMeta(lab).every((each) => each === 'primary1 synchronizeCache'), lab.refusals()]).to.deep.equal([
      ...[true, ['2 disk-error']],
    ]);
    failing(lab);
    lab.commands = [];
    lab.freeze(3);
    expect(notMeta(lab).slice(0, 1)).to.deep.equal(['primary1 synchronizeCache']);
    expect(lab.heard('host', 'frozen').map((each) => each.generation)).to.deep.equal([2]);
  });
});

describe('a main that is still reading its records', () => {
  it('takes no commands yet, and says so to instructions', () => {
    const lab = paired();
    lab.trouble = (disk) => (disk === 'meta' ? 'wait' : undefined);
    lab.restart().connect('host', 'host');
    expect([lab.read(0, 1), lab.write(0, 'X')]).to.deep.equal(['busy', 'busy']);
    const { committed, pairState, shadowSlots } = lab.status();
    expect([committed, pairState, shadowSlots]).to.deep.equal([0, 'SMPL', 0]);
    lab.news('host');
    lab.freeze(1);
    lab.ask({ kind: 'wait', generation: generation(1), target: 'committed' });
    lab.ask({ kind: 'suspend' });
    lab.say('host', { kind: 'dataOut', tag: 1, offset: 0, data: Buffer.alloc(4) });
    expect(lab.refusals()).to.deep.equal(['3 recovering', '4 recovering', '5 recovering']);
    lab.release();
    expect([lab.read(0, 1), lab.read(0, 1)]).to.deep.equal(['unitAttention', 'a']);
  });

  it('bears that sessions end', () => {
    const lab = paired();
    lab.trouble = (disk) => (disk === 'meta' ? 'wait' : undefined);
    lab.restart().connect('host', 'host').connect('remote', 'sub').connect('host', 'host').connect('remote', 'sub');
    lab.release();
    expect([lab.heard('remote', 'pairing').length, lab.marks('running').length]).to.deep.equal([1, 2]);
  });

  it('halted, refuses with the reason, and says nothing to the sub', () => {
    const lab = paired();
    lab
      .restart(makeMain({ method: 'copy' }))
      .connect('host', 'host')
      .connect('remote', 'sub')
      .pairing();
    expect(lab.news('remote')).to.deep.equal([]);
    expect([lab.read(0, 1), lab.write(0, 'X')]).to.deep.equal(['notReady', 'notReady']);
    lab.news('host');
    lab.ask({ kind: 'suspend' });
    lab.freeze(2);
    expect(lab.refusals().map((each) => each.replace(/^\d+ /, ''))).to.deep.equal(['wrong-method', 'wrong-method']);
  });

  it('halted while it runs, too, answers nothing but why', () => {
    const lab = paired();
    lab.trouble = (disk, { op }) => (disk === 'meta' && op !== 'read' ? checkCondition('writeError') : undefined);
    lab.write(9, 'X');
    expect(lab.halted).to.equal('disk-error: meta area: nothing can be made durable');
    expect([lab.read(0, 1), lab.write(0, 'X')]).to.deep.equal(['notReady', 'notReady']);
    lab.news('host');
    lab.news('remote');
    lab.ask({ kind: 'suspend' });
    expect(lab.refusals().map((each) => each.replace(/^\d+ /, ''))).to.deep.equal(['disk-error']);
    expect(lab.pairing({ pair: Buffer.alloc(16, 7) }).news('remote')).to.deep.equal([]);
    lab.connect('remote', 'sub');
    expect(lab.heard('remote', 'pairing')).to.deep.equal([]);
  });
});

describe('the units of main', () => {
  it('say that they are volumes of main, with the pair’s id and their own number', () => {
    const lab = started();
    const id = Buffer.from(lab.status().pair.subarray(0, 6)).toString('hex').toUpperCase();
    expect(lab.inquire()).to.include('MAIN VOLUME');
    expect(lab.inquire(0x80)).to.include(`${id}-0`);
  });

  it('have the sizes of their volumes', () => {
    const lab = started({}, { volumes: [volumeBlocks, 8] });
    const last = (lun: number, lba: number) => inWords(lab.scsi({ op: 'read', lba, sectors: 1 }, lun));
    last(1, 0);
    expect([last(0, 31), last(0, 32), last(1, 15), last(1, 16)]).to.deep.equal([
      ...['good', 'illegalRequest', 'good', 'illegalRequest'],
    ]);
  });
});
