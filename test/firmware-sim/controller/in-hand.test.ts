/** What a controller says that it has in hand: whoever asks why nothing moves reads it, and the simulator holds it to be nothing at rest. */
import { expect } from 'chai';
import type { Operation } from '../../../firmware-sim/storage/operation.js';
import { RangeLocks } from '../../../firmware-sim/storage/range-locks.js';
import { generation } from '../../../protocol/ids.js';
import { paired, started } from '../main/main-device.js';
import { joined } from '../sub/sub-device.js';
import { ControllerLab, ProbeController, recordOf } from './controller-lab.js';

const operation = (name: string): Operation => ({ name, resume: () => {} });

describe('what a controller has in hand', () => {
  it('is nothing without power, the reading of its records, then what it says itself', () => {
    const lab = new ControllerLab(new ProbeController());
    expect(lab.controller.inHand()).to.deep.equal([]);
    lab.holding = true;
    lab.powerOn();
    expect(lab.controller.inHand()).to.deep.equal(['recovery of the records (first half)']);
    lab.release();
    expect(lab.controller.inHand()).to.deep.equal(['probing']);
  });

  it('names the journal and whose records are not durable', () => {
    const lab = new ControllerLab(new ProbeController()).powerOn();
    lab.holding = true;
    recordOf(lab, 2, operation('first'));
    recordOf(lab, 3, operation('second'));
    recordOf(lab, 4);
    expect(lab.controller.inHand()).to.deep.equal(['journal (appending)', 'first', 'second', 'probing']);
    lab.release();
    expect(lab.controller.inHand()).to.deep.equal(['probing']);
  });

  it('names who holds blocks and who waits for them', () => {
    const locks = new RangeLocks<string>();
    locks.claim('reader', { volume: 0, first: 0, count: 2, shared: true });
    locks.claim('writer', { volume: 0, first: 1, count: 1, shared: false });
    expect(locks.claimants).to.deep.equal(['reader', 'writer']);
    locks.release('reader');
    expect(locks.claimants).to.deep.equal(['writer']);
  });
});

describe('what main has in hand', () => {
  it('is a host’s command, a freeze that waits for it, and what came behind the freeze', () => {
    const lab = started();
    lab.trouble = (disk, { op }) => (disk === 'primary0' && op === 'write' ? 'wait' : undefined);
    const tag = lab.submit({ op: 'write', lba: 0, data: Buffer.alloc(1024, 'a') });
    lab.freeze(1);
    const behind = lab.submit({ op: 'write', lba: 4, data: Buffer.alloc(1024, 'b') });
    expect(lab.main.inHand()).to.include.members([
      ...['freeze (draining)', `host write with tag ${behind} (behind the freeze)`],
      ...[`host command with tag ${tag}`, `host command with tag ${behind}`],
    ]);
    lab.release();
    expect(lab.main.inHand()).to.deep.equal([]);
  });

  it('is what it sends, as long as the sub has not answered', () => {
    const lab = paired();
    lab.write(0, 'A');
    lab.freeze(2);
    lab.serve('blockRun');
    expect(lab.main.inHand()).to.deep.equal(['runs without an answer: 1', 'bytes of the window: 1024']);
    lab.pass(0).stored({ run: lab.heard('remote', 'blockRun').at(-1)?.run ?? 0, generation: generation(2) });
    lab.serve();
    expect(lab.main.inHand()).to.deep.equal([]);
  });
});

describe('what a sub has in hand', () => {
  it('is the runs on their way into staging, then what is structured, and what came too early', () => {
    const lab = joined();
    lab.trouble = (disk, { op }) => (disk !== 'meta' && op === 'write' ? 'wait' : undefined);
    lab.begin(1).run(1, 0, 'ab');
    expect(lab.sub.inHand()).to.include('runs on their way into staging: 1');
    lab.release();
    lab.trouble = (disk, { op }) => (disk === 'secondary0' && op === 'write' ? 'wait' : undefined);
    lab.complete(1, 0, 'ab');
    expect(lab.sub.inHand()).to.deep.equal(['structuring 0:0+2 (writing)']);
    lab.release();
    expect(lab.sub.inHand()).to.deep.equal([]);
    lab.trouble = (disk) => (disk === 'meta' ? 'wait' : undefined);
    lab.begin(2).run(2, 0, 'cd');
    expect(lab.sub.inHand()).to.include('runs that wait for the beginning of their generation: 1');
  });

  it('is a failback that main has not answered', () => {
    const lab = joined().image(1, 0, 'ab');
    lab.ask({ kind: 'takeover', force: true });
    lab.ask({ kind: 'failback', discard: true });
    expect(lab.sub.inHand()).to.deep.equal(['failback (asking)']);
  });
});
