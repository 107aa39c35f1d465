/** Which blocks main sends, in what order, and from where. */
import { expect } from 'chai';
import type { Operation } from '../../../firmware-sim/storage/operation.js';
import { zeroSlot } from '../../../firmware-sim/storage/stored-blocks.js';
import { contentDigests } from '../../../protocol/digest.js';
import { blockNumber, generation, type Method, volumeNumber } from '../../../protocol/ids.js';
import { refusals } from '../../../protocol/refusals.js';
import { blockBytes, blocksOf, MainLab } from './main-lab.js';

/** Main with generation 1 of these letters on its way, from block 0 of volume 0 on. */
function freezing(method: Method, letters = 'abcdefgh', others: readonly number[] = []): MainLab {
  const lab = new MainLab({ method, others });
  lab.primary(0, letters);
  for (const volume of others.keys()) lab.changed(volume + 1, 2, 3);
  lab.freeze(1, method === 'copy');
  return lab;
}

/** What is picked until there is nothing more, as words. */
function picked(lab: MainLab, countMax = 64): string[] {
  const runs: string[] = [];
  for (;;) {
    const run = lab.core.outgoing.pick(countMax);
    if (run === undefined) return runs;
    const { volume, first, count, urgent } = run;
    runs.push(`${volume}:${first}+${count}${urgent ? ' urgent' : ''}`);
  }
}

/** The content of these blocks lies in the shadow area. */
function keep(lab: MainLab, first: number, letters: string, slot: number): void {
  const run = { generation: generation(1), volume: volumeNumber(0), first: blockNumber(first), count: letters.length };
  lab.core.state.apply({ kind: 'kept', ...run, slot, digests: contentDigests(blocksOf(letters), blockBytes) });
}

const recorded = (lab: MainLab) => lab.records.map(({ record }) => record);

describe('the blocks of a differential image', () => {
  it('are sent in ascending order, volume after volume, in runs as long as asked for', () => {
    const lab = freezing('differential', 'abcdefgh', [16]);
    lab.primary(12, 'z');
    lab.core.outgoing.freeze();
    expect(picked(lab, 5)).to.deep.equal(['0:0+5', '0:5+3', '1:2+3']);
    lab.core.outgoing.restart();
    expect(picked(lab), 'and again from the beginning').to.deep.equal(['0:0+8', '1:2+3']);
  });

  it('are left out where the sub holds them', () => {
    const lab = freezing('differential');
    lab.isSent(0, 'a');
    lab.isSent(3, 'de');
    lab.isSent(7, 'h');
    lab.core.outgoing.restart();
    expect(picked(lab)).to.deep.equal(['0:1+2', '0:5+2']);
  });

  it('wait for what was deferred before the freeze to come home, and are sent then', () => {
    const lab = new MainLab();
    lab.primary(0, 'abcd');
    lab.deferred(1, 'X');
    lab.freeze(1);
    lab.core.outgoing.restart();
    expect(picked(lab)).to.deep.equal(['0:0+1', '0:2+2']);
    lab.core.state.apply({ kind: 'drained', volume: volumeNumber(0), first: blockNumber(1), count: 1 });
    lab.core.outgoing.drained(0, 1, 1);
    expect(picked(lab)).to.deep.equal(['0:1+1']);
    lab.isSent(1, 'b');
    lab.core.outgoing.drained(0, 1, 2);
    expect(picked(lab), 'what is owed of them').to.deep.equal(['0:2+1']);
    const copy = freezing('copy', 'abcd');
    copy.core.outgoing.drained(0, 1, 1);
    expect(picked(copy), 'nothing is deferred of another method').to.deep.equal([]);
  });

  it('are sent again where they have been given back, and what a write waits for before all others', () => {
    const lab = freezing('differential');
    lab.core.outgoing.restart();
    expect(lab.core.outgoing.pick(4)).to.deep.equal({ volume: 0, first: 0, count: 4, urgent: false });
    lab.core.outgoing.returned(0, 1, 2);
    lab.core.outgoing.hurry(0, 6);
    lab.core.outgoing.hurry(0, 2);
    lab.core.outgoing.hurry(0, 6);
    lab.core.outgoing.hurry(0, 12);
    expect(picked(lab).slice(0, 3)).to.deep.equal(['0:6+1 urgent', '0:2+1 urgent', '0:1+1']);
    lab.isSent(6, 'g');
    lab.core.outgoing.hurry(0, 6);
    expect(picked(lab), 'the sub holds it').to.deep.equal([]);
    const two = freezing('differential', 'abcd', [16]);
    for (const volume of [0, 1]) two.core.outgoing.hurry(volume, 2);
    expect(picked(two), 'in each volume').to.deep.equal(['0:2+1 urgent', '1:2+1 urgent']);
    lab.core.outgoing.hurry(0, 7);
    lab.core.outgoing.restart();
    expect(picked(lab)[0], 'forgotten with what begins anew').to.equal('0:0+6');
    lab.core.outgoing.hurry(0, 7);
    lab.core.outgoing.freeze();
    expect(picked(lab)[0]).to.equal('0:0+6');
  });

  it('are not picked while nothing may be sent, nor when no image is on its way', () => {
    const lab = freezing('differential');
    lab.core.outgoing.restart();
    lab.maySend = false;
    expect(picked(lab)).to.deep.equal([]);
    lab.maySend = true;
    expect(picked(lab)).to.deep.equal(['0:0+8']);
    const idle = new MainLab();
    idle.primary(0, 'ab');
    idle.core.outgoing.restart();
    expect(picked(idle)).to.deep.equal([]);
  });

  it('are picked without room for more only where a write waits for them', () => {
    const lab = freezing('differential');
    lab.core.outgoing.restart();
    lab.core.outgoing.returned(0, 1, 2);
    lab.core.outgoing.hurry(0, 6);
    expect(picked(lab, 0)).to.deep.equal(['0:6+1 urgent']);
    expect(picked(lab)[0], 'the others when there is room').to.equal('0:1+2');
  });

  it('are not picked where they are being read or on their way', () => {
    const lab = freezing('differential');
    lab.core.sender.runBytesMax = 2 * blockBytes;
    lab.core.outgoing.restart();
    lab.core.sender.window.bytesMax = 1;
    lab.core.sender.pump();
    expect(lab.waiting).to.deep.equal(['primary0 read 0+4']);
    lab.core.outgoing.restart();
    lab.core.outgoing.hurry(0, 1);
    expect(picked(lab)).to.deep.equal(['0:2+6']);
    lab.core.outgoing.drained(0, 0, 3);
    expect(picked(lab)).to.deep.equal(['0:2+1']);
    lab.disk();
    lab.core.outgoing.restart();
    expect(picked(lab), 'on its way').to.deep.equal(['0:2+6']);
  });

  it('are read from the primary area', () => {
    const lab = freezing('differential');
    expect(lab.core.outgoing.locate({ volume: 0, first: 2, count: 3, urgent: false })).to.deep.equal({
      ...{ disk: 'primary0', command: { op: 'read', lba: 4, sectors: 6 } },
    });
  });
});

describe('the blocks of an image that is copied to the shadow area', () => {
  it('are sent once they have been kept, from there, as far as their slots lie together', () => {
    const lab = freezing('copy');
    lab.core.outgoing.freeze();
    expect(picked(lab)).to.deep.equal([]);
    keep(lab, 0, 'abc', 4);
    keep(lab, 3, 'de', 9);
    lab.core.outgoing.kept(0, 0, 3);
    lab.core.outgoing.kept(0, 3, 2);
    expect(picked(lab)).to.deep.equal(['0:0+3', '0:3+2']);
    const digests = contentDigests(blocksOf('bc'), blockBytes);
    const place = lab.core.outgoing.locate({ volume: 0, first: 1, count: 2, urgent: false });
    expect(place.disk).to.equal('shadow0');
    expect(place.command).to.deep.equal({ op: 'read', lba: 10, sectors: 4 });
    expect(Buffer.from(place.digests ?? [])).to.deep.equal(Buffer.from(digests));
    const beyond = lab.core.outgoing.locate({ volume: 0, first: 2, count: 2, urgent: false });
    expect([beyond.disk, beyond.digests], 'not all of it is there').to.deep.equal(['primary0', undefined]);
  });

  it('are those that have been kept and not sent, after a loss of power', () => {
    const lab = freezing('copy');
    keep(lab, 0, 'abc', 4);
    keep(lab, 5, 'f', 9);
    lab.isSent(1, 'b');
    lab.core.outgoing.restart();
    expect(picked(lab)).to.deep.equal(['0:0+1', '0:2+1', '0:5+1']);
  });

  it('are not queued for what the sub holds, nor for what is on its way', () => {
    const lab = freezing('copy');
    keep(lab, 0, 'abcd', 0);
    lab.isSent(1, 'b');
    lab.core.outgoing.add(0, 2, 1);
    lab.core.sender.pump();
    expect(lab.waiting).to.deep.equal(['shadow0 read 4+2']);
    lab.core.outgoing.kept(0, 0, 3);
    lab.core.outgoing.hurry(0, 2);
    expect(picked(lab)).to.deep.equal(['0:0+1']);
  });

  it('are kept first where they come back and have not been', () => {
    const lab = freezing('copy');
    keep(lab, 0, 'a', 0);
    lab.core.outgoing.freeze();
    lab.core.outgoing.returned(0, 0, 2);
    expect(picked(lab)).to.deep.equal(['0:0+1']);
    lab.core.keeper.pump();
    expect(lab.waiting).to.deep.equal(['primary0 read 2+2']);
    const streaming = new MainLab({ method: 'streaming' });
    streaming.primary(0, 'ab');
    streaming.core.outgoing.returned(0, 0, 2);
    expect(picked(streaming), 'before the freeze there is nothing to keep').to.deep.equal(['0:0+2']);
  });

  it('of zeros lie nowhere', () => {
    const lab = freezing('copy');
    keep(lab, 0, '..', zeroSlot);
    lab.core.outgoing.kept(0, 0, 2);
    expect(picked(lab)).to.deep.equal(['0:0+2']);
  });
});

describe('what changes before the freeze of a streaming pair', () => {
  it('is sent as it changes; what had changed before the session opened comes with it', () => {
    const lab = new MainLab({ method: 'streaming', others: [16] });
    lab.primary(0, 'abcd');
    lab.changed(1, 2, 2);
    lab.isSent(1, 'b');
    lab.core.outgoing.restart();
    expect(picked(lab)).to.deep.equal(['0:0+1', '0:2+2', '1:2+2']);
    lab.core.outgoing.add(0, 3, 2);
    expect(picked(lab)).to.deep.equal(['0:3+2']);
    expect(picked(lab), 'once').to.deep.equal([]);
    lab.core.state.apply({ kind: 'committed', generation: generation(1), digest: Buffer.alloc(16) });
    lab.core.outgoing.restart();
    expect(picked(lab)[0]).to.equal('0:0+1');
  });

  it('is not sent while it is being written, while it may be lost with a cache, nor when the sub holds it', () => {
    const lab = new MainLab({ method: 'streaming' });
    lab.primary(0, 'abcd');
    lab.core.outgoing.restart();
    const writer: Operation = { name: 'writer', resume: () => {} };
    lab.core.locks.claim(writer, { volume: 0, first: 1, count: 1, shared: false });
    expect(picked(lab)).to.deep.equal(['0:0+1', '0:2+2']);
    lab.core.unlock(writer, 0);
    lab.core.unsettled.add(0);
    expect(picked(lab)).to.deep.equal([]);
    lab.core.unsettled.clear();
    lab.isSent(1, 'b');
    expect(picked(lab)).to.deep.equal([]);
    lab.core.outgoing.add(0, 1, 2);
    expect(picked(lab)).to.deep.equal(['0:2+1']);
    const reader: Operation = { name: 'reader', resume: () => {} };
    lab.core.locks.claim(reader, { volume: 0, first: 3, count: 1, shared: true });
    lab.core.outgoing.add(0, 3, 1);
    expect(picked(lab), 'it may be read by others').to.deep.equal(['0:3+1']);
  });

  it('is the keeper’s from the freeze on where it has not been sent', () => {
    const lab = new MainLab({ method: 'streaming' });
    lab.primary(0, 'abcd');
    lab.core.outgoing.restart();
    lab.core.outgoing.pick(2);
    lab.core.outgoing.freeze();
    expect(picked(lab)).to.deep.equal([]);
  });
});

describe('blocks that the sub holds', () => {
  it('count as sent when that is durable, and what is deferred of them goes home then', () => {
    const lab = freezing('differential');
    lab.deferred(1, 'X');
    const digests = contentDigests(blocksOf('bc'), blockBytes);
    const looked: string[] = [];
    lab.core.outgoing.stored(0, 1, 2, digests);
    expect(recorded(lab)).to.deep.equal([{ kind: 'sent', generation: 1, volume: 0, first: 1, count: 2, digests }]);
    const isRecording = (first: number, count: number, volume = 0) =>
      lab.core.outgoing.isRecording(volume, first, count);
    expect([isRecording(0, 1), isRecording(0, 2), isRecording(2, 1), isRecording(3, 4)]).to.deep.equal([
      ...[false, true, true, false],
    ]);
    expect(isRecording(1, 2, 1)).to.equal(false);
    lab.core.waitForProgress({ resume: () => looked.push('looked') } as never);
    lab.core.pump(0);
    expect([looked, lab.waiting.filter((each) => each.includes('shadow'))]).to.deep.equal([[], []]);
    lab.durable();
    expect(isRecording(1, 2)).to.equal(false);
    lab.core.pump(0);
    expect([looked, lab.waiting.filter((each) => each.includes('shadow'))]).to.deep.equal([
      ...[['looked'], ['shadow0 read 0+2']],
    ]);
  });

  it('are not read again before they count as sent: what is deferred may be there by then', () => {
    const lab = freezing('differential', 'abcd');
    lab.core.outgoing.restart();
    lab.core.outgoing.stored(0, 1, 1, contentDigests(blocksOf('b'), blockBytes));
    lab.core.outgoing.hurry(0, 1);
    expect(picked(lab)).to.deep.equal(['0:0+1', '0:2+2']);
    lab.core.outgoing.drained(0, 1, 1);
    expect(picked(lab)).to.deep.equal([]);
    const streaming = new MainLab({ method: 'streaming' });
    streaming.primary(0, 'ab');
    streaming.core.outgoing.stored(0, 0, 1, contentDigests(blocksOf('a'), blockBytes));
    streaming.core.outgoing.restart();
    expect(picked(streaming), 'ahead of a freeze').to.deep.equal(['0:1+1']);
  });

  it('may be named by their digests alone once it has an image', () => {
    const lab = freezing('differential');
    expect(lab.core.outgoing.mayBeHeld).to.equal(false);
    lab.core.state.apply({ kind: 'committed', generation: generation(1), digest: Buffer.alloc(16) });
    expect(lab.core.outgoing.mayBeHeld).to.equal(true);
  });

  it('belong to the generation that is on its way, or to the next', () => {
    const lab = freezing('differential');
    expect([lab.core.outgoing.generation, lab.core.outgoing.blockBytes]).to.deep.equal([1, 1024]);
    lab.core.state.apply({ kind: 'committed', generation: generation(1), digest: Buffer.alloc(16) });
    expect(lab.core.outgoing.generation).to.equal(2);
  });
});

describe('a block that the sub turned out to lack', () => {
  it('is noted once, counts as sent no more from then on, and is sent again when that is durable', () => {
    const lab = freezing('differential', 'abcd', [16]);
    lab.isSent(0, 'abcd');
    const { outgoing } = lab.core;
    expect([outgoing.returning, outgoing.isReturning(0, 2), lab.core.isProtected(0, 2)]).to.deep.equal([
      ...[false, false, false],
    ]);
    for (let time = 0; time < 2; time += 1) outgoing.lacking(0, 2);
    expect(recorded(lab)).to.deep.equal([{ kind: 'unsent', generation: 1, volume: 0, first: 2, count: 1 }]);
    expect([outgoing.returning, outgoing.isReturning(0, 2), lab.core.isProtected(0, 2)]).to.deep.equal([
      ...[true, true, true],
    ]);
    expect([outgoing.isReturning(0, 1), outgoing.isReturning(1, 2), picked(lab)]).to.deep.equal([false, false, []]);
    lab.durable();
    expect([outgoing.returning, outgoing.isReturning(0, 2), picked(lab)]).to.deep.equal([false, false, ['0:2+1']]);
    outgoing.lacking(1, 3);
    expect(outgoing.returning, 'of whichever volume').to.equal(true);
    lab.durable();
    expect(outgoing.returning).to.equal(false);
  });
});

describe('a block that cannot be read', () => {
  it('makes the generation fail, or suspends the pair when there is none', () => {
    const failed = (reason: 'disk-error' | 'shadow-corrupt') => ({
      ...{ kind: 'failed', generation: 1, code: refusals[reason].number },
    });
    const texts = (lab: MainLab) => lab.effects.flatMap((each) => (each.kind === 'log' ? [each.text] : []));
    const lab = freezing('copy');
    lab.core.outgoing.unreadable(0, 3, 2, false);
    expect([recorded(lab), texts(lab)]).to.deep.equal([
      ...[[failed('disk-error')], ['generation 1 failed: disk-error (volume 0, blocks 3+2)']],
    ]);
    const corrupt = freezing('copy');
    corrupt.core.outgoing.unreadable(0, 3, 2, true);
    expect(recorded(corrupt)).to.deep.equal([failed('shadow-corrupt')]);
    const before = new MainLab({ method: 'streaming' });
    before.core.outgoing.unreadable(0, 3, 2, false);
    const code = refusals['disk-error'].number;
    expect(recorded(before)).to.deep.equal([{ kind: 'pairState', state: 'PSUE', code }]);
    expect(texts(before)).to.deep.equal(['pair suspended: disk-error (volume 0, blocks 3+2)']);
  });
});
