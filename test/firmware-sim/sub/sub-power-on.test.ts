/** What a sub does with its disks when power comes on, before it takes the first instruction. */
import { expect } from 'chai';
import { generation } from '../../../protocol/ids.js';
import { decodeLbaStatus } from '../../../protocol/scsi/capacity-data.js';
import { checkCondition } from '../../../protocol/scsi/conditions.js';
import { inWords } from '../device-lab.js';
import { joined, makeSub, pair, paired, SubDevice, volumeBlocks } from './sub-device.js';

/** What a fresh sub is found to hold: which blocks of its volume are said to be mapped. */
function mapped(lab: SubDevice): string[] {
  const completion = lab.scsi({ op: 'getLbaStatus', lba: 0, allocationBytes: 1024 });
  if (completion?.status !== 'good') throw new Error(`GET LBA STATUS ended ${inWords(completion)}`);
  return decodeLbaStatus(completion.data).map(({ lba, sectors, status }) => `${status} ${lba}+${sectors}`);
}

const flushes = (lab: SubDevice) => lab.commands.filter((each) => !each.startsWith('meta'));

describe('a sub whose meta area is fresh', () => {
  it('asks what its volumes hold, settles every area, and runs', () => {
    const lab = new SubDevice([volumeBlocks, 8]).powerOn();
    expect(flushes(lab)).to.deep.equal([
      ...['secondary0 getLbaStatus', 'secondary1 getLbaStatus', 'secondary0 synchronizeCache'],
      ...['staging0 synchronizeCache', 'secondary1 synchronizeCache', 'staging1 synchronizeCache'],
    ]);
    expect(lab.marks('running')).to.have.length(1);
    const { pairState, blockBytes, volumes } = lab.connect('host', 'host').status();
    expect([pairState, blockBytes, volumes]).to.deep.equal(['SMPL', 1024, [16384, 8192]]);
  });

  it('takes nothing that lay there for zeros: a whole image leaves zeros there', () => {
    const lab = new SubDevice().put('secondary0', 9, 'old');
    lab.powerOn().connect('remote', 'main').connect('host', 'host').pairing({ state: 'COPY' }).image(1, 0, 'abc');
    expect([lab.read(0, 1), lab.read(0, 16)]).to.deep.equal(['unitAttention', 'abc.............']);
    expect(lab.letters('secondary0', 0, 16)).to.equal('abc.............');
    expect(mapped(lab)).to.deep.equal(['mapped 0+6', 'deallocated 6+26']);
  });

  it('halts when it cannot find out what its volume holds', () => {
    const lab = new SubDevice();
    lab.trouble = (disk) => (disk === 'secondary0' ? checkCondition('unrecoveredReadError') : undefined);
    expect(lab.powerOn().halted).to.match(/^disk-error: secondary0: /);
    expect(lab.marks('running')).to.deep.equal([]);
    expect(flushes(lab).filter((each) => each.includes('sync'))).to.deep.equal([]);
  });

  it('knows at the next power on what it has made', () => {
    const lab = new SubDevice().powerOn().restart();
    expect([lab.halted, lab.marks('running').length]).to.deep.equal([undefined, 2]);
    expect(
      flushes(lab).filter((each) => each.includes('Lba')),
      'asked once',
    ).to.have.length(1);
  });
});

describe('a sub whose records are read back', () => {
  it('settles its areas before it runs, and looks whether they are its pair’s', () => {
    const lab = paired();
    lab.commands = [];
    lab.restart();
    expect(flushes(lab)).to.deep.equal(['secondary0 synchronizeCache', 'staging0 synchronizeCache', 'staging0 read']);
    expect(lab.marks('running')).to.have.length(2);
  });

  it('marks its staging areas as those of the pair that it joins, behind the last slot', () => {
    const lab = joined([volumeBlocks, 8]);
    for (const [disk, slots] of [
      ['staging0', volumeBlocks],
      ['staging1', 8],
    ] as const) {
      const stamp = lab.disks.get(disk)?.durable(slots * 1024, 512);
      expect(stamp?.includes(pair), disk).to.equal(true);
    }
    expect(lab.heard('remote', 'pairing').map(({ pair: of }) => Buffer.from(of))).to.deep.equal([pair]);
  });

  it('halts over a staging area of another pair', () => {
    const lab = paired();
    const other = new SubDevice().powerOn().connect('remote', 'main');
    other.pairing({ pair: Buffer.alloc(16, 'other') });
    const stamp = other.disks.get('staging0')?.durable(volumeBlocks * 1024, 512) ?? Buffer.alloc(0);
    lab.disks.get('staging0')?.store.apply({ writes: [{ offset: volumeBlocks * 1024, data: stamp }], punches: [] });
    expect(lab.restart().halted).to.match(/^foreign-area: staging0 /);
  });

  it('gives its image again, and goes on with what had arrived of the next', () => {
    const lab = paired().begin(2).run(2, 2, 'XY');
    lab.restart().connect('remote', 'main').connect('host', 'host').pairing();
    expect([lab.read(0, 1), lab.read(0, 7)]).to.deep.equal(['unitAttention', 'abcdef.']);
    const { frozen, committed, blocksTotal, shadowSlots, shadowSlotsFree } = lab.status();
    expect([frozen, committed, blocksTotal, shadowSlots, shadowSlotsFree]).to.deep.equal([2, 1, 2, 16, 14]);
    lab.complete(2, 2, 'XY');
    expect(lab.read(0, 7)).to.equal('abXYef.');
    expect(lab.status().shadowSlotsFree, 'structured').to.equal(16);
  });

  it('does so from a snapshot, too', () => {
    const lab = paired();
    lab.restart(makeSub({ journalGrowthBytesMin: 2048 }));
    lab.connect('remote', 'main').connect('host', 'host').pairing();
    for (let number = 2; number < 40; number += 1) lab.image(number, number % 8, 'XY');
    lab.begin(40).run(40, 1, 'Z').restart().connect('host', 'host');
    const { frozen, committed, structured, pairState, blocksTotal } = lab.status();
    expect([frozen, committed, structured, pairState, blocksTotal]).to.deep.equal([40, 39, 39, 'PAIR', 1]);
    expect([lab.read(0, 1), lab.read(0, 9)]).to.deep.equal(['unitAttention', 'XXXXXXXXY']);
  });

  it('halts when it is started with other areas', () => {
    expect(paired().restart(makeSub({ blockBytes: 2048 })).halted).to.match(/^block-size-mismatch: /);
    const lab = new SubDevice([volumeBlocks, 8]).powerOn();
    expect(lab.restart(makeSub({ volumeCount: 1 })).halted).to.match(/^volume-mismatch: .*\[16384,8192\].*\[16384\]/);
    expect(lab.restart(makeSub({ volumeCount: 3 })).halted).to.match(/^volume-mismatch: .*\[16384,8192,0\]/);
  });

  it('takes main’s word for the pair that came while it was reading, and answers it once', () => {
    const lab = paired();
    lab.trouble = (disk, { op }) => (disk === 'secondary0' && op === 'synchronizeCache' ? 'wait' : undefined);
    lab.restart().connect('remote', 'main').pairing().begin(2);
    expect(lab.heard('remote', 'pairing')).to.deep.equal([]);
    lab.release();
    expect(lab.heard('remote', 'pairing').map(({ committed }) => committed)).to.deep.equal([1]);
    lab.image(2, 0, 'X');
    expect(lab.heard('remote', 'committed').map(({ generation: of }) => of)).to.deep.equal([2]);
  });

  it('forgets that word when its session ends before the records are read', () => {
    const lab = paired();
    lab.trouble = (disk, { op }) => (disk === 'secondary0' && op === 'synchronizeCache' ? 'wait' : undefined);
    lab.restart().connect('remote', 'main').pairing().connect('remote', 'main').release();
    expect(lab.heard('remote', 'pairing')).to.deep.equal([]);
    expect(lab.pairing().heard('remote', 'pairing')).to.have.length(1);
  });

  it('forgets who waited, what had failed and who asked', () => {
    const lab = paired();
    lab.say('remote', { kind: 'abandon', generation: generation(2), code: 80, state: 'PSUE' });
    lab.pairing();
    lab.wait(3);
    expect([lab.status().failed, lab.status().pairState]).to.deep.equal([2, 'PAIR']);
    lab.silent.add('remote');
    lab.ask({ kind: 'takeover', force: false });
    lab.silent.clear();
    lab.restart().connect('remote', 'main').connect('host', 'host').pairing();
    expect(lab.status().failed).to.equal(0);
    lab.pass(4_000_000).begin(3).run(3, 0, 'X').complete(3, 0, 'X');
    expect([lab.heard('host', 'waited'), lab.heard('host', 'done'), lab.sub.state.takenOver]).to.deep.equal([
      [],
      [],
      false,
    ]);
    const asked = lab.ask({ kind: 'takeover', force: false });
    lab.pass(10_000).pairing();
    expect(lab.refusals().at(-1)).to.equal(`${asked} pair-healthy`);
  });
});

describe('a sub that is still reading its records', () => {
  it('takes no commands yet, and says so to instructions', () => {
    const lab = paired();
    lab.trouble = (disk) => (disk === 'meta' ? 'wait' : undefined);
    lab.restart().connect('host', 'host').connect('remote', 'main').pairing();
    expect(lab.read(0, 1)).to.equal('busy');
    expect(lab.write(0, 'X')).to.equal('busy');
    const { committed, pairState, shadowSlots } = lab.status();
    expect([committed, pairState, shadowSlots]).to.deep.equal([0, 'SMPL', 0]);
    lab.news('host');
    lab.wait(1);
    lab.digests();
    lab.ask({ kind: 'takeover', force: true });
    lab.say('host', { kind: 'dataOut', tag: 1, offset: 0, data: Buffer.alloc(4) });
    expect(lab.refusals()).to.deep.equal(['2 recovering', '3 recovering', '4 recovering']);
    lab.release();
    expect([lab.read(0, 1), lab.read(0, 1)]).to.deep.equal(['unitAttention', 'a']);
  });

  it('halted while it runs, too, answers nothing but why', () => {
    const lab = paired();
    lab.trouble = (disk, { op }) => (disk === 'meta' && op !== 'read' ? checkCondition('writeError') : undefined);
    lab.begin(2);
    expect(lab.halted).to.equal('disk-error: meta area: nothing can be made durable');
    expect([lab.read(0, 1), lab.write(0, 'X')]).to.deep.equal(['notReady', 'notReady']);
    lab.news('host');
    lab.wait(1);
    expect([lab.refusals(), lab.pairing().news('remote')]).to.deep.equal([['1 disk-error'], []]);
  });

  it('halted, refuses with the reason, and says nothing to main', () => {
    const lab = paired();
    lab
      .restart(makeSub({ blockBytes: 2048 }))
      .connect('host', 'host')
      .connect('remote', 'main')
      .pairing();
    lab.begin(2);
    expect(lab.news('remote')).to.deep.equal([]);
    expect([lab.read(0, 1), lab.write(0, 'X')]).to.deep.equal(['notReady', 'notReady']);
    lab.news('host');
    lab.wait(1);
    expect(lab.refusals()).to.deep.equal(['1 block-size-mismatch']);
  });
});

describe('the units of a sub', () => {
  it('say that they are volumes of a sub, with the pair’s id and their own number', () => {
    const lab = paired();
    expect(lab.inquire()).to.include('SUB VOLUME');
    expect(lab.inquire(0x80), 'made before there was a pair').to.include('000000000000-0');
    lab.restart().connect('host', 'host');
    expect(lab.inquire(0x80)).to.include('6A6F696E746A-0');
  });

  it('have the sizes of their volumes', () => {
    const lab = joined([volumeBlocks, 8]).image(1, 0, 'a');
    const last = (lun: number, lba: number) =>
      [1, 2].map(() => lab.scsi({ op: 'read', lba, sectors: 1 }, lun)).map(inWords);
    expect([last(0, 31)[1], last(0, 32)[1], last(1, 15)[1], last(1, 16)[1]]).to.deep.equal([
      ...['good', 'illegalRequest', 'good', 'illegalRequest'],
    ]);
    expect(last(2, 0)[1], 'a unit that is not there').to.equal('illegalRequest');
  });
});
