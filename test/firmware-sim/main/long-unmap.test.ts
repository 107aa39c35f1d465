/** UNMAP of many blocks at main: what it costs, whom it lets in between, and what becomes of an image that is on its way. */
import { expect } from 'chai';
import type { Method } from '../../../protocol/ids.js';
import { inWords } from '../device-lab.js';
import { type MainDevice, started } from './main-device.js';
import { MainLab } from './main-lab.js';
import { begin, ended, flush, go, write } from './write-lab.js';

const unmap = (lab: MainLab, first: number, count: number, nowUs = 0) =>
  begin(lab, { op: 'unmap', ranges: [{ lba: first * 2, sectors: count * 2 }] }, nowUs);

/** A volume of so many blocks; generation 1 is on its way with all of them, and nothing of it may be sent. */
function transferring(method: Method, blocks: number, slots = blocks + 8): MainLab {
  const lab = new MainLab({ method, sectors: blocks * 2, slots });
  lab.changed(0, 0, blocks);
  lab.freeze(1, method === 'copy');
  lab.maySend = false;
  return lab;
}

/** How often blocks are looked at while all of a volume is unmapped. */
function looks(lab: MainLab, blocks: number): number {
  let count = 0;
  const maps = lab.core.state.volume(0);
  const isProtected = lab.core.isProtected.bind(lab.core);
  const newest = maps.newest.bind(maps);
  lab.core.isProtected = (volume, block) => {
    count += 1;
    return isProtected(volume, block);
  };
  maps.newest = (block) => {
    count += 1;
    return newest(block);
  };
  const begun = unmap(lab, 0, blocks);
  go(lab);
  expect(ended(begun)).to.deep.equal(['good']);
  return count;
}

describe('an UNMAP of many blocks', () => {
  it('looks at each block as often, however many there are', () => {
    for (const [name, made] of [
      ['none frozen', (blocks: number) => new MainLab({ sectors: blocks * 2 })],
      [
        'one deferred',
        (blocks: number) => {
          const lab = new MainLab({ sectors: blocks * 2 });
          lab.deferred(blocks - 1, 'X');
          return lab;
        },
      ],
      [
        'all sent',
        (blocks: number) => {
          const lab = transferring('copy', blocks);
          lab.isSent(0, 'a'.repeat(blocks));
          return lab;
        },
      ],
    ] as const) {
      const [some, many] = [looks(made(3 * 4096), 3 * 4096), looks(made(12 * 4096), 12 * 4096)];
      expect(many, name).to.be.at.most(5 * some);
      expect(many, name).to.be.at.most(12 * 4096 * 8);
    }
  });

  it('looks at no block again that it has found kept, or brought home, however often it waits for the next', () => {
    const kept = (blocks: number) => looks(transferring('copy', blocks), blocks);
    expect(kept(2048)).to.be.at.most(2.5 * kept(1024));
    const brought = (blocks: number) => {
      const lab = new MainLab({ sectors: blocks * 2, slots: blocks });
      for (let block = blocks - 1; block >= 0; block -= 1) lab.deferred(block, 'X');
      return looks(lab, blocks);
    };
    expect(brought(2048)).to.be.at.most(2.5 * brought(1024));
  });

  it('notes and locks 4096 blocks at a time, each durable before the next', () => {
    const lab = new MainLab({ sectors: 3 * 8192 });
    const begun = unmap(lab, 100, 8192);
    expect(lab.records.map(({ record }) => record)).to.deep.equal([
      { kind: 'changing', volume: 0, first: 100, count: 3996 },
    ]);
    const isLocked = (block: number) => !lab.core.locks.isFree({ volume: 0, first: block, count: 1, shared: true });
    expect([99, 100, 4095, 4096].map(isLocked)).to.deep.equal([false, true, true, false]);
    const steps = lab.settle().filter((each) => !each.startsWith('primary0 unmap'));
    expect(steps).to.deep.equal([...['record changing', flush, 'record changing', flush, 'record changing', flush]]);
    expect([ended(begun), lab.core.state.volume(0).changed.size]).to.deep.equal([['good'], 8192]);
  });

  it('lets others in between who wait for its blocks', () => {
    const lab = new MainLab({ sectors: 3 * 8192 });
    const long = unmap(lab, 0, 3 * 4096);
    const short = write(lab, 20, 'XX');
    while (ended(short).length === 0) if (!lab.disk()) lab.durable();
    expect([ended(short), ended(long)]).to.deep.equal([['good'], []]);
    lab.settle();
    expect([ended(long), lab.letters('primary0', 18, 6)]).to.deep.equal([['good'], '..XX..']);
  });
});

describe('an UNMAP of blocks that are on their way', () => {
  it('keeps a block that the sub turned out to lack when all others had been kept', () => {
    const lab = transferring('copy', 2);
    lab.put('primary0', 0, Buffer.alloc(512, 'a'));
    lab.put('primary0', 2, Buffer.alloc(512, 'b'));
    lab.isSent(0, 'a');
    const begun = unmap(lab, 0, 2);
    for (const step of ['primary0 read 2+2', 'shadow0 write 0+2', 'shadow0 synchronizeCache']) {
      expect(lab.waiting, 'block 0 needs nothing').to.deep.equal([step]);
      lab.disk();
    }
    lab.core.outgoing.lacking(0, 0);
    lab.durable();
    lab.core.pump(0);
    expect(lab.records.map(({ record }) => record.kind)).to.deep.equal(['unsent', 'changing']);
    lab.durable();
    lab.durable();
    expect(lab.waiting).to.deep.equal(['primary0 read 0+2']);
    go(lab);
    const slot = lab.core.state.volume(0).kept.slotOf(0) ?? 99;
    expect([ended(begun), lab.letters('shadow0', slot * 2, 2), lab.letters('primary0', 0, 4)]).to.deep.equal([
      ...[['good'], 'a.', '....'],
    ]);
  });

  it('brings a block home that was sent while others were brought there', () => {
    const lab = transferring('differential', 8);
    lab.deferred(0, 'X');
    lab.deferred(5, 'Y');
    lab.isSent(5, 'f');
    const begun = unmap(lab, 0, 8);
    expect(lab.waiting, 'block 0 has to wait').to.deep.equal(['shadow0 read 2+2']);
    lab.isSent(0, 'abcdefgh');
    go(lab);
    expect([ended(begun), lab.letters('primary0', 0, 16)]).to.deep.equal([['good'], '.'.repeat(16)]);
    expect([lab.core.state.volume(0).deferred.size, lab.core.drainer.idle]).to.deep.equal([0, true]);
  });

  it('defers a block that the sub turned out to lack while others were brought home', () => {
    const lab = transferring('differential', 8);
    lab.isSent(0, 'abcdefgh');
    lab.deferred(5, 'X');
    const begun = unmap(lab, 0, 8);
    expect(lab.waiting).to.deep.equal(['shadow0 read 0+2']);
    lab.core.outgoing.lacking(0, 0);
    go(lab);
    expect(ended(begun)).to.deep.equal(['good']);
    const { deferred } = lab.core.state.volume(0);
    expect([deferred.has(0), deferred.size]).to.deep.equal([true, 1]);
  });
});

describe('an UNMAP whose blocks have to be kept while the line is down', () => {
  /** Image 2 is on its way and cannot be sent; a disk takes 8 ms for each command, and a write may wait 20 ms for room. */
  function keeping(slots: number): MainDevice {
    const lab = started({ method: 'copy', hostStallUsMax: 20_000 }, { volumes: [64], slots });
    lab.write(0, 'a'.repeat(64));
    lab.connect('remote', 'sub').serve().imageOf(1);
    lab.line('remote', false);
    lab.trouble = (_disk, { op }) => (op === 'read' ? 'wait' : undefined);
    lab.freeze(2);
    return lab;
  }

  /** Unmaps all; how long that took in milliseconds, and what the generation failed for. */
  function unmapped(lab: MainDevice) {
    lab.trouble = () => 'wait';
    const beganUs = lab.nowUs;
    const tag = lab.submit({ op: 'unmap', ranges: [{ lba: 0, sectors: 128 }] });
    while (lab.ended(tag) === undefined) lab.pass(8000).end();
    const ms = (lab.nowUs - beganUs) / 1000;
    return { ended: inWords(lab.ended(tag)), ms, failed: lab.marks('failed').map(({ reason }) => reason) };
  }

  it('takes its time where there is room: it does not stand still', () => {
    const { ended: how, ms, failed } = unmapped(keeping(64));
    expect([how, failed]).to.deep.equal(['good', []]);
    expect(ms).to.be.greaterThan(40);
  });

  it('waits no longer than it may where there is none', () => {
    const { ended: how, failed } = unmapped(keeping(40));
    expect([how, failed]).to.deep.equal(['good', ['shadow-full']]);
  });
});
