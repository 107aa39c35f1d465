import { expect } from 'chai';
import type { ReplicaRecord } from '../../../firmware-sim/replica/replica-records.js';
import { ReplicaState } from '../../../firmware-sim/replica/replica-state.js';
import { zeroSlot } from '../../../firmware-sim/storage/stored-blocks.js';
import { blockNumber, epoch, generation, volumeNumber } from '../../../protocol/ids.js';
import { digestsOf } from './replica-lab.js';

function stateOf(records: readonly ReplicaRecord[]): ReplicaState {
  const state = new ReplicaState();
  state.resize(2);
  for (const record of records) state.apply(record);
  return state;
}

const begun = (number: number, full = false): ReplicaRecord => ({
  ...{ kind: 'begun', epoch: epoch(1), generation: generation(number), base: generation(number - 1), full },
});
const staged = (number: number, first: number, count: number, slot: number, volume = 0): ReplicaRecord => ({
  ...{ kind: 'staged', generation: generation(number), volume: volumeNumber(volume), first: blockNumber(first) },
  ...{ count, slot, digests: slot === zeroSlot ? new Uint8Array(16 * count) : digestsOf(count) },
});
const accepted = (number: number): ReplicaRecord => ({
  ...{ kind: 'accepted', epoch: epoch(1), generation: generation(number), digest: Buffer.alloc(16, number) },
});
const placed = (first: number, count: number, volume = 0): ReplicaRecord => ({
  ...{ kind: 'placed', volume: volumeNumber(volume), first: blockNumber(first), count },
});
const settled = (number: number): ReplicaRecord => ({ kind: 'settled', generation: generation(number) });
const dropped = (number: number): ReplicaRecord => ({ kind: 'dropped', generation: generation(number) });

const freedOf = (state: ReplicaState) => state.freed.map(({ volume, first, count }) => [volume, first, count]);
const runsOf = (map: ReplicaState['volumes'][number]['staged']) =>
  [...map.runs()].map(({ first, count, slot }) => [first, count, slot]);

/** What a state is, as the records of its snapshot. */
function snapshotOf(state: ReplicaState): unknown[] {
  return [...state.snapshot()].map((record) => ({
    ...record,
    ...('digests' in record ? { digests: Buffer.from(record.digests).toString('hex') } : {}),
    ...('digest' in record ? { digest: Buffer.from(record.digest).toString('hex') } : {}),
  }));
}

describe('what the receiving side durably knows', () => {
  it('keeps what is staged for a generation that begins again, and gives up what was for another', () => {
    const records = [begun(1), staged(1, 3, 2, 10), begun(1)];
    const state = stateOf(records);
    expect([runsOf(state.volume(0).staged), freedOf(state)]).to.deep.equal([[[3, 2, 10]], []]);
    state.apply(begun(2));
    expect([runsOf(state.volume(0).staged), freedOf(state)]).to.deep.equal([[], [[0, 10, 2]]]);
    expect(state.receiving?.generation).to.equal(2);
  });

  it('gives up at once what is staged for a generation that it does not receive any more', () => {
    const state = stateOf([begun(1), staged(2, 3, 2, 10), staged(2, 8, 4, zeroSlot)]);
    expect([runsOf(state.volume(0).staged), freedOf(state)]).to.deep.equal([[], [[0, 10, 2]]]);
    expect(freedOf(stateOf([staged(1, 3, 2, 10, 1)]))).to.deep.equal([[1, 10, 2]]);
  });

  it('gives up the slots of a block that is staged again', () => {
    const state = stateOf([begun(1), staged(1, 3, 4, 10), staged(1, 4, 2, 20)]);
    expect(runsOf(state.volume(0).staged)).to.deep.equal([
      [3, 1, 10],
      [4, 2, 20],
      [6, 1, 13],
    ]);
    expect(freedOf(state)).to.deep.equal([[0, 11, 2]]);
  });

  it('drops staging of the generation that is named, and of no other', () => {
    const state = stateOf([begun(2), staged(2, 3, 2, 10), dropped(1)]);
    expect([state.receiving?.generation, state.volume(0).staged.size]).to.deep.equal([2, 2]);
    state.apply(dropped(2));
    expect([state.receiving, state.volume(0).staged.size, freedOf(state)]).to.deep.equal([undefined, 0, [[0, 10, 2]]]);
  });

  it('makes an image of what is staged, and takes note of what is placed block by block', () => {
    const state = stateOf([
      begun(1),
      staged(1, 3, 4, 10),
      staged(1, 9, 2, zeroSlot),
      staged(1, 0, 1, 5, 1),
      accepted(1),
    ]);
    expect([state.committed, state.structured, state.receiving, state.overlaid]).to.deep.equal([1, 0, undefined, 7]);
    expect([state.volume(0).staged.size, Buffer.from(state.commitDigest)[0]]).to.deep.equal([0, 1]);
    state.volume(0).occupied.add(8, 4);
    state.apply(placed(4, 6));
    expect(runsOf(state.volume(0).overlay)).to.deep.equal([
      [3, 1, 10],
      [10, 1, zeroSlot],
    ]);
    expect(freedOf(state)).to.deep.equal([[0, 11, 3]]);
    expect([...state.volume(0).occupied]).to.deep.equal([4, 5, 6, 8, 10, 11]);
    expect(runsOf(state.volume(0).known).map(([first, count]) => [first, count])).to.deep.equal([
      [4, 3],
      [9, 1],
    ]);
    expect(state.volume(0).known.digestOf(5)).to.deep.equal(digestsOf(3).slice(32));
    state.apply(placed(0, 20));
    state.apply(placed(0, 1, 1));
    state.apply(settled(1));
    expect([state.overlaid, state.structured]).to.deep.equal([0, 1]);
  });

  it('takes whatever a full generation did not send for zeros, where it may be anything else', () => {
    const state = stateOf([begun(1, true), staged(1, 3, 2, 10)]);
    state.volume(0).occupied.add(0, 5);
    state.volume(0).occupied.add(100, 70);
    state.apply(accepted(1));
    expect(state.volume(0).overlay.size).to.equal(75);
    expect([0, 2, 3, 4, 5, 100, 169, 170].map((block) => state.volume(0).overlay.slotOf(block))).to.deep.equal([
      ...[zeroSlot, zeroSlot, 10, 11, undefined, zeroSlot, zeroSlot, undefined],
    ]);
    expect([...(state.volume(0).overlay.digestOf(169) ?? [])]).to.deep.equal(Array(16).fill(0));
    const difference = stateOf([begun(1), staged(1, 3, 2, 10)]);
    difference.volume(0).occupied.add(0, 5);
    difference.apply(accepted(1));
    expect(difference.volume(0).overlay.size).to.equal(2);
  });

  it('gives up what could not be placed when another generation is committed over it', () => {
    const state = stateOf([
      begun(1),
      staged(1, 3, 2, 10),
      accepted(1),
      begun(2, true),
      staged(2, 3, 1, 30),
      accepted(2),
    ]);
    expect(runsOf(state.volume(0).overlay)).to.deep.equal([[3, 1, 30]]);
    expect(freedOf(state)).to.deep.equal([[0, 10, 2]]);
  });

  it('knows nothing any more of a block that a host has written', () => {
    const state = stateOf([begun(1), staged(1, 3, 4, 10), accepted(1), placed(3, 4)]);
    state.overwritten(0, 4, 2);
    expect([3, 4, 5, 6].map((block) => state.volume(0).known.has(block))).to.deep.equal([true, false, false, true]);
    state.overwritten(1, 0, 1);
    expect([...state.volume(1).occupied]).to.deep.equal([0]);
  });

  it('is the same again from its snapshot', () => {
    const records = [
      ...[begun(1), staged(1, 3, 4, 10), staged(1, 9, 2, zeroSlot, 1), accepted(1), placed(3, 2), settled(1)],
      ...[begun(2), staged(2, 5, 1, 30), staged(2, 7, 1, 31, 1)],
    ];
    const state = stateOf(records);
    const snapshot = [...state.snapshot()];
    expect(snapshot.map(({ kind }) => kind)).to.deep.equal([
      ...['image', 'begun', 'staged', 'overlaid', 'known', 'occupied', 'staged', 'overlaid'],
    ]);
    const again = stateOf(snapshot);
    expect(snapshotOf(again)).to.deep.equal(snapshotOf(state));
    expect([again.committed, again.structured, again.epoch, again.receiving?.generation]).to.deep.equal([1, 1, 1, 2]);
    expect([again.overlaid, again.volume(0).known.size, [...again.volume(0).occupied]]).to.deep.equal([4, 2, [3, 4]]);
    expect(Buffer.from(again.commitDigest)).to.deep.equal(Buffer.alloc(16, 1));
    expect([...new ReplicaState().snapshot()].map(({ kind }) => kind)).to.deep.equal(['image']);
  });

  it('has no volume that it was not given', () => {
    expect(() => stateOf([]).volume(2)).to.throw('no volume 2');
  });
});
