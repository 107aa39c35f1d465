import { expect } from 'chai';
import { snapshotOf } from '../../../firmware-sim/main/main-snapshot.js';
import { MainState } from '../../../firmware-sim/main/main-state.js';
import { zeroSlot } from '../../../firmware-sim/storage/stored-blocks.js';
import { epoch, generation } from '../../../protocol/ids.js';
import { refusals } from '../../../protocol/refusals.js';
import { commitDigest, pair, readBack, StateLab, valuesOf } from './state-lab.js';

const code = (name: keyof typeof refusals) => refusals[name].number;

/** A pair with generation 1 committed of blocks 0 to 9, and blocks 2 to 4 changed since. */
function paired(method: 'copy' | 'differential' | 'streaming' = 'differential'): StateLab {
  const lab = new StateLab(method).changing(0, 10).frozen(1, { full: true }).committed(1);
  return lab.changing(2, 3);
}

describe('what main durably knows of its volumes', () => {
  it('is what the host has changed', () => {
    const lab = new StateLab().changing(3, 2).changing(10, 1).changing(4, 3, 1);
    expect(lab.maps()).to.deep.equal({ allocated: '3+2 10+1', changed: '3+2 10+1' });
    expect(lab.maps(1)).to.deep.equal({ allocated: '4+3', changed: '4+3' });
    expect(() => lab.state.volume(2)).to.throw('no volume 2');
  });

  it('is swapped by a freeze: what had changed is frozen, and nothing has changed since', () => {
    const lab = paired().frozen(2, { included: [5, 6] });
    expect(lab.maps()).to.deep.equal({ allocated: '0+10', frozenChanges: '2+3', frozen: '2+3' });
    lab.changing(4, 1).changing(9, 3);
    expect(lab.maps()).to.deep.equal({
      ...{ allocated: '0+10', allocatedSince: '10+2', changed: '4+1 9+3', frozenChanges: '2+3', frozen: '2+3' },
    });
    expect([9, 10, 12].map((block) => lab.state.volume(0).isAllocated(block))).to.deep.equal([true, true, false]);
    const { lastFrozen, transfer, included, sending } = lab.state;
    expect([lastFrozen, transfer, included, sending]).to.deep.equal([2, { generation: 2, full: false }, [5, 6], 2]);
  });

  it('is everything allocated in a full generation, and what is allocated since is none of it', () => {
    const lab = paired().frozen(2, { full: true }).changing(20, 1);
    expect(lab.maps()).to.deep.equal({
      ...{ allocated: '0+10', allocatedSince: '20+1', changed: '20+1', frozenChanges: '2+3', frozen: '0+10' },
    });
  });

  it('is allocated, sent and kept no more, once the generation is committed', () => {
    const lab = paired('copy').frozen(2).changing(20, 1).kept(2, 2, 5, 'ab').kept(2, 4, zeroSlot, '.').sent(2, 2, 'a');
    lab.committed(2);
    expect(lab.maps()).to.deep.equal({ allocated: '0+10 20+1', changed: '20+1' });
    expect([lab.freed(), lab.state.transfer, lab.state.committed]).to.deep.equal([['0: 5+2'], undefined, 2]);
    expect(Buffer.from(lab.state.commitDigest)).to.deep.equal(commitDigest);
  });

  it('is changed again when the generation fails', () => {
    const lab = paired('copy').frozen(2).changing(20, 1).kept(2, 2, 5, 'ab').failed(2, 'shadow-full');
    expect(lab.maps()).to.deep.equal({ allocated: '0+10 20+1', changed: '2+3 20+1' });
    const { transfer, pairState, reason, failures, sending, lastFrozen } = lab.state;
    expect([transfer, pairState, reason, [...failures]]).to.deep.equal([
      ...[undefined, 'PSUE', 'shadow-full', [[2, 'shadow-full']]],
    ]);
    expect([lab.freed(), sending, lastFrozen]).to.deep.equal([['0: 5+2'], 3, 2]);
    expect([...new StateLab().failed(1, 60_000).state.failures]).to.deep.equal([[1, 'disk-error']]);
  });

  it('names the last 64 failures', () => {
    const lab = new StateLab();
    for (let number = 1; number <= 70; number += 1) lab.frozen(number).failed(number, 'shadow-full');
    expect([...lab.state.failures.keys()]).to.deep.equal(Array.from({ length: 64 }, (_, index) => 7 + index));
  });
});

describe('what main durably knows of blocks on their way', () => {
  it('is what of the frozen blocks the sub holds, of the generation on its way only', () => {
    const lab = paired().frozen(2).sent(2, 2, 'ab').sent(3, 4, 'c').sent(1, 4, 'd');
    expect(lab.maps().sent).to.equal('2a 3b');
    lab.unsent(3, 2, 1).unsent(1, 2, 1);
    expect(lab.maps().sent).to.equal('2a 3b');
    lab.unsent(2, 2, 1);
    expect([lab.maps().sent, lab.maps().streamed]).to.deep.equal(['3b', undefined]);
  });

  it('is what streams before the freeze, and counts as sent after it', () => {
    const lab = paired('streaming').sent(2, 2, 'abc').sent(1, 9, 'x');
    expect([lab.maps().streamed, lab.maps().sent, lab.state.sending]).to.deep.equal(['2a 3b 4c', undefined, 2]);
    lab.unsent(2, 4, 1).changing(3, 1);
    expect(lab.maps().streamed, 'what has changed since is not held').to.equal('2a');
    lab.frozen(2);
    expect([lab.maps().streamed, lab.maps().sent]).to.deep.equal([undefined, '2a']);
  });

  it('is nothing of what was streamed once the pair is suspended by an error, which may be that the sub gave it up', () => {
    const lab = paired('streaming').sent(2, 2, 'abc');
    lab.apply({ kind: 'pairState', state: 'PSUS', code: 0 });
    expect(lab.maps().streamed).to.equal('2a 3b 4c');
    lab.apply({ kind: 'pairState', state: 'PSUE', code: refusals['staging-full'].number });
    expect(lab.maps().streamed).to.equal(undefined);
  });

  it('is kept in its slots until it is released, unless it was sent before that became durable', () => {
    const lab = paired('copy').frozen(2).sent(2, 3, 'b').kept(2, 2, 5, 'abc');
    expect([lab.maps().kept, lab.freed()]).to.deep.equal(['2a5 4c7', ['0: 6+1']]);
    lab.kept(1, 2, 8, 'x').kept(2, 3, zeroSlot, '.').kept(1, 3, zeroSlot, '.');
    expect([lab.maps().kept, lab.freed()], 'of another generation').to.deep.equal(['2a5 4c7', ['0: 8+1']]);
    lab.kept(2, 9, zeroSlot, '.').range('released', 4, 6);
    expect([lab.maps().kept, lab.freed()]).to.deep.equal(['2a5', ['0: 7+1']]);
    expect(new StateLab().kept(1, 2, 8, 'x').freed(), 'without a generation on its way').to.deep.equal(['0: 8+1']);
  });

  it('is deferred in one slot for each block, and nowhere once it is drained', () => {
    const lab = paired().frozen(2).deferred(2, 5, 'ab').deferred(3, 9, 'B').deferred(4, zeroSlot, '.');
    expect([lab.maps().deferred, lab.freed()]).to.deep.equal(['2a5 3B9 4.z', ['0: 6+1']]);
    const volume = lab.state.volume(0);
    expect([volume.newest(3), volume.newest(9)]).to.deep.equal([volume.deferred, undefined]);
    lab.range('drained', 3, 2);
    expect([lab.maps().deferred, lab.freed()]).to.deep.equal(['2a5', ['0: 9+1']]);
  });

  it('is to be drained before the next image is, with what a generation that failed left behind', () => {
    const lab = paired().frozen(2).deferred(2, 5, 'abc').committed(2).frozen(3);
    expect([lab.maps().before, lab.maps().deferred]).to.deep.equal(['2a5 3b6 4c7', undefined]);
    const volume = lab.state.volume(0);
    expect(volume.newest(3)).to.equal(volume.before);
    lab.deferred(3, 9, 'B').failed(3, 'shadow-full');
    expect(volume.newest(3)).to.equal(volume.deferred);
    lab.deferred(20, zeroSlot, '.').frozen(4).deferred(30, 11, 'q').frozen(5);
    expect(lab.maps().before).to.equal('2a5 3B9 4c7 20.z 30q11');
    expect(lab.freed(), 'what lay under something newer').to.deep.equal(['0: 6+1']);
    lab.range('drained', 2, 3);
    expect([lab.maps().before, lab.freed().sort()]).to.deep.equal(['20.z 30q11', ['0: 5+1', '0: 7+1', '0: 9+1']]);
  });

  it('carries zeros over without giving up any slot', () => {
    const lab = paired().frozen(2).deferred(2, zeroSlot, '..').frozen(3).deferred(3, 4, 'b').frozen(4);
    expect([lab.maps().before, lab.freed()]).to.deep.equal(['2.z 3b4', []]);
  });
});

describe('what main durably knows of the pair', () => {
  it('is nothing before it is formatted', () => {
    const state = new MainState();
    expect([state.formatted, [...snapshotOf(state)]]).to.deep.equal([false, []]);
    expect(Buffer.from(state.pair).every((byte) => byte === 0)).to.equal(true);
    expect(state.token.length).to.equal(16);
    const { fullNeeded, takenOver, failingBack, pairState, epoch: now, included, volumeBytes } = state;
    expect([fullNeeded, takenOver, failingBack, pairState, now]).to.deep.equal([true, false, false, 'SMPL', 1]);
    expect([included, volumeBytes, state.volumes, state.freed, state.method]).to.deep.equal([
      ...[[], [], [], [], 'differential'],
    ]);
    expect(new StateLab('copy').state).to.deep.include({ formatted: true, method: 'copy', blockBytes: 4096 });
    expect(Buffer.from(new StateLab().state.pair)).to.deep.equal(pair);
  });

  it('is copied to from the first freeze on, and paired from the first commit on', () => {
    const lab = new StateLab().changing(0, 1);
    expect([lab.state.pairState, lab.state.fullNeeded]).to.deep.equal(['SMPL', true]);
    lab.frozen(1, { full: true });
    expect(lab.state.pairState).to.equal('COPY');
    lab.committed(1);
    expect([lab.state.pairState, lab.state.fullNeeded]).to.deep.equal(['PAIR', false]);
    lab.frozen(2);
    expect(lab.state.pairState).to.equal('PAIR');
    lab.apply({ kind: 'pairState', state: 'PSUS', code: code('suspended') }).committed(2);
    expect([lab.state.pairState, lab.state.reason], 'a suspended pair stays so').to.deep.equal(['PSUS', 'suspended']);
    lab.apply({ kind: 'pairState', state: 'PAIR', code: 0 });
    expect(lab.state.reason).to.equal(undefined);
  });

  it('asks for a whole image when the sub has none that fits', () => {
    const lab = paired('streaming')
      .sent(2, 2, 'ab')
      .apply({ kind: 'fullNeeded', code: code('older-sub') });
    expect([lab.state.pairState, lab.state.fullNeeded, lab.maps().streamed]).to.deep.equal(['COPY', true, undefined]);
    const suspended = paired().apply({ kind: 'pairState', state: 'PSUE', code: code('disk-error') });
    suspended.apply({ kind: 'fullNeeded', code: code('older-sub') });
    expect(suspended.state.pairState).to.equal('PSUE');
  });

  it('freezes what has changed, or everything when it must or always does', () => {
    const difference = (lab: StateLab) => lab.state.difference(lab.state.volume(0)).size;
    expect([difference(paired()), difference(paired('copy'))]).to.deep.equal([3, 10]);
    expect(difference(paired().apply({ kind: 'fullNeeded', code: 0 }))).to.equal(10);
  });

  it('follows the sub: what it took up again, structured, took over and gave back', () => {
    const lab = paired('streaming').frozen(2).failed(2, 'line-lost');
    lab.apply({ kind: 'adopted', generation: generation(2), digest: Buffer.alloc(16, 3) });
    expect([lab.state.committed, lab.state.commitDigest[0], lab.state.pairState]).to.deep.equal([2, 3, 'PSUE']);
    lab.apply({ kind: 'structured', generation: generation(2) }).takenOver(4);
    const { structured, takenOver, epoch: now, pairState, reason, failingBack } = lab.state;
    expect([structured, takenOver, now, pairState, reason]).to.deep.equal([2, true, 4, 'PSUE', 'taken-over']);
    expect(failingBack).to.equal(false);
    lab.apply({ kind: 'failbackAllowed', epoch: epoch(4) }).sent(3, 2, 'a');
    expect(lab.state.failingBack).to.equal(true);
    lab.apply({ kind: 'fullNeeded', code: 0 });
    lab.apply({ kind: 'regained', epoch: epoch(5), generation: generation(8), digest: commitDigest });
    const regained = { takenOver: false, failingBack: false, lastFrozen: 8, committed: 8, structured: 8 } as const;
    expect(lab.state).to.deep.include({ ...regained, fullNeeded: false, pairState: 'PAIR', epoch: 5, included: [] });
    expect([lab.state.reason, lab.state.token.every((byte) => byte === 0)]).to.deep.equal([undefined, true]);
    expect(lab.state.token.length).to.equal(16);
    expect(lab.maps()).to.deep.equal({ allocated: '0+10' });
    expect(Buffer.from(lab.state.commitDigest)).to.deep.equal(commitDigest);
  });
});

describe('a snapshot of what main durably knows', () => {
  const states: Readonly<Record<string, () => StateLab>> = {
    'a new pair': () => new StateLab('streaming').changing(3, 2),
    'an idle pair': () => paired(),
    'a difference on its way': () =>
      paired()
        .frozen(2, { included: [1, 2], token: 4 })
        .sent(2, 2, 'a')
        .changing(40, 2),
    'a whole image on its way': () => paired('copy').frozen(2, { full: true }).kept(2, 2, 5, 'ab').changing(40, 2),
    'kept content of which some is sent': () => paired('copy').frozen(2).kept(2, 2, 5, 'abc').sent(2, 3, 'b'),
    'blocks that stream': () => paired('streaming').sent(2, 2, 'ab'),
    'deferred writes, old and new': () =>
      paired().frozen(2).deferred(2, 5, 'ab').committed(2).frozen(3).deferred(3, 8, 'c').deferred(9, zeroSlot, '.'),
    'a generation that failed': () => paired().frozen(2).failed(2, 'staging-full').frozen(3).failed(3, 'disk-error'),
    'a takeover': () => paired().takenOver(6),
    'a failback': () =>
      paired()
        .takenOver(6)
        .apply({ kind: 'failbackAllowed', epoch: epoch(6) }),
    'a suspended pair': () => paired().apply({ kind: 'pairState', state: 'PSUS', code: code('suspended') }),
    'another image': () =>
      paired()
        .apply({ kind: 'structured', generation: generation(1) })
        .changing(60, 4, 1),
  };
  for (const [name, make] of Object.entries(states)) {
    it(`is the same again when it is read back: ${name}`, () => {
      const { state } = make();
      expect(valuesOf(readBack(state))).to.deep.equal(valuesOf(state));
    });
  }

  it('goes on as the state would have: an end of what was on its way', () => {
    for (const end of ['committed', 'failed'] as const) {
      const both = [states['a whole image on its way'], states['a difference on its way']].flatMap((make) => {
        const lab = make?.() ?? new StateLab();
        const again = new StateLab();
        Object.assign(again, { state: readBack(lab.state) });
        return [[lab, again] as const];
      });
      for (const pairOf of both) {
        for (const lab of pairOf)
          if (end === 'committed') lab.committed(2);
          else lab.failed(2, 'line-lost');
        expect(valuesOf(pairOf[1].state)).to.deep.equal(valuesOf(pairOf[0].state));
        expect(pairOf[1].freed()).to.deep.equal(pairOf[0].freed());
      }
    }
  });
});
