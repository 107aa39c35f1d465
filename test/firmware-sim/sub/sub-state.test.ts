import { expect } from 'chai';
import { ReplicaState } from '../../../firmware-sim/replica/replica-state.js';
import { SlotAllocator } from '../../../firmware-sim/storage/slot-allocator.js';
import { zeroSlot } from '../../../firmware-sim/storage/stored-blocks.js';
import type { SubRecord } from '../../../firmware-sim/sub/sub-records.js';
import { SubState } from '../../../firmware-sim/sub/sub-state.js';
import { subStatus } from '../../../firmware-sim/sub/sub-status.js';
import { SubVolumes } from '../../../firmware-sim/sub/sub-volumes.js';
import { blockNumber, epoch, generation, volumeNumber } from '../../../protocol/ids.js';
import { refusals } from '../../../protocol/refusals.js';
import { SubLab } from './sub-lab.js';

const pair = Buffer.alloc(16, 5);
const prepared: SubRecord = { kind: 'prepared', blockBytes: 4096, volumes: [65536, 65536] };
const joined: SubRecord = { kind: 'joined', pair, method: 'copy', epoch: epoch(3) };
const tookOver: SubRecord = { kind: 'tookOver', epoch: epoch(4) };
const changing = (first: number, count: number, volume = 0): SubRecord => ({
  ...{ kind: 'changing', volume: volumeNumber(volume), first: blockNumber(first), count },
});
const pairState = (state: 'PAIR' | 'PSUE' | 'SSUS', code = 0): SubRecord => ({ kind: 'pairState', state, code });
const failback = (kind: 'failbackBegun' | 'failbackEnded' | 'gaveBack', of: number): SubRecord => ({
  ...{ kind, generation: generation(of) },
});

function stateOf(...records: readonly SubRecord[]): SubState {
  const state = new SubState();
  for (const record of records) state.apply(record);
  return state;
}

/** All of a state, as plain values. */
function valuesOf(state: SubState): unknown {
  const {
    pair: id,
    method,
    blockBytes,
    volumeBytes,
    epoch: now,
    pairState: shown,
    reason,
    takenOver,
    joined: has,
  } = state;
  const changed = state.changed.map((set) => [...set.runs()].map(({ first, count }) => `${first}+${count}`).join(' '));
  return {
    ...{ id: Buffer.from(id), method, blockBytes, volumeBytes, now, shown, reason, takenOver, has, changed },
    ...{ failback: state.failback, ended: state.failbackEnded },
  };
}

describe('what the sub durably knows apart from its replica', () => {
  it('is nothing at first, and what it was prepared with', () => {
    const fresh = { method: 'differential', takenOver: false, has: false, reason: undefined, failback: undefined };
    const none = { id: Buffer.alloc(16), blockBytes: 0, volumeBytes: [], now: 0, shown: 'SMPL', changed: [], ended: 0 };
    expect(valuesOf(new SubState())).to.deep.equal({ ...fresh, ...none });
    expect([...new SubState().snapshot()]).to.deep.equal([]);
    const shape = { blockBytes: 4096, volumeBytes: [65536, 65536], changed: ['', ''] };
    expect(valuesOf(stateOf(prepared))).to.deep.equal({ ...fresh, ...none, ...shape });
  });

  it('is the pair that it belongs to, and how that is', () => {
    const state = stateOf(prepared, joined);
    expect([state.joined, state.pairState, state.epoch, state.method]).to.deep.equal([true, 'COPY', 3, 'copy']);
    const behind = stateOf(prepared, joined, pairState('PAIR'), { ...joined, epoch: epoch(6) } as SubRecord);
    expect([behind.pairState, behind.epoch], 'joined again').to.deep.equal(['PAIR', 6]);
    const failed = stateOf(prepared, joined, pairState('PSUE', refusals['disk-error'].number));
    expect([failed.pairState, failed.reason]).to.deep.equal(['PSUE', 'disk-error']);
    failed.apply(tookOver);
    expect([failed.pairState, failed.reason, failed.takenOver, failed.epoch]).to.deep.equal([
      ...['SSWS', undefined, true, 4],
    ]);
  });

  it('is what a host has changed since the takeover, until it is given back', () => {
    const state = stateOf(
      prepared,
      joined,
      tookOver,
      changing(3, 2),
      changing(8, 1),
      changing(1, 1, 1),
      changing(0, 1, 2),
    );
    expect(state.changed.map(({ size }) => size)).to.deep.equal([3, 1]);
    for (const record of [failback('failbackBegun', 7), failback('gaveBack', 7)]) state.apply(record);
    expect([state.takenOver, state.failback, state.pairState]).to.deep.equal([false, undefined, 'PAIR']);
    expect(state.changed.map(({ size }) => size)).to.deep.equal([0, 0]);
  });

  it('is the failback under way, and the newest that failed', () => {
    const state = stateOf(prepared, joined, tookOver, failback('failbackBegun', 7));
    expect([state.failback, state.failbackEnded]).to.deep.equal([7, 0]);
    state.apply(failback('failbackEnded', 7));
    expect([state.failback, state.failbackEnded, state.takenOver]).to.deep.equal([undefined, 7, true]);
  });

  const states: Readonly<Record<string, readonly SubRecord[]>> = {
    'a fresh sub': [prepared],
    'a sub that has joined': [prepared, joined],
    'a pair': [prepared, joined, pairState('PAIR')],
    'a suspended pair': [prepared, joined, pairState('SSUS', refusals.suspended.number)],
    'a takeover with changes': [prepared, joined, tookOver, changing(3, 2), changing(9, 1, 1)],
    'a failback': [prepared, joined, tookOver, changing(3, 2), failback('failbackBegun', 9)],
    'a failback after one that failed': [
      ...[prepared, joined, tookOver, failback('failbackBegun', 9), failback('failbackEnded', 9)],
      failback('failbackBegun', 10),
    ],
    'a failback that failed': [prepared, joined, tookOver, failback('failbackBegun', 9), failback('failbackEnded', 9)],
  };
  for (const [name, records] of Object.entries(states)) {
    it(`is the same again when a snapshot of it is read back: ${name}`, () => {
      const state = stateOf(...records);
      expect(valuesOf(stateOf(...state.snapshot()))).to.deep.equal(valuesOf(state));
    });
  }
});

describe('the status of a sub', () => {
  const lines = [{ name: 'host', up: true, refused: 0 }];
  const image = { committed: generation(4), structured: generation(3), digest: Buffer.alloc(16, 2) };

  it('says what it durably knows, and how much waits in staging', () => {
    const lab = new SubLab();
    lab.replica.apply({ kind: 'image', epoch: epoch(1), ...image });
    lab.overlaid(2, 'ab');
    lab.replica.apply({ kind: 'begun', epoch: epoch(1), generation: generation(5), base: generation(4), full: false });
    lab.replica.volume(0).staged.set(7, 3, zeroSlot, Buffer.alloc(48));
    lab.state.apply(changing(1, 4));
    lab.state.apply(pairState('PSUE', refusals['disk-error'].number));
    const options = { request: 9, state: lab.state, replica: lab.replica, core: lab.core, lines };
    const status = subStatus({ ...options, failback: undefined, failed: [6, 'shadow-full'] });
    expect(status).to.deep.equal({
      ...{ kind: 'status', request: 9, role: 'sub', pairState: 'PSUE', reason: refusals['disk-error'].number },
      ...{ pair: Uint8Array.from(Buffer.alloc(16, 1)), epoch: 1, method: 'differential', blockBytes: 1024 },
      ...{ volumes: [32 * 512], frozen: 5, committed: 4, structured: 3, failed: 6 },
      ...{ failedReason: refusals['shadow-full'].number, commitDigest: Uint8Array.from(Buffer.alloc(16, 2)) },
      ...{ blocksTotal: 3, blocksSent: 3, deferredBlocks: 0, changedBlocks: 4, unstructuredBlocks: 2 },
      ...{ shadowSlots: 32, shadowSlotsFree: 30, hostStallUsMax: 0, lines },
    });
  });

  it('says little while the records are being read', () => {
    const options = { request: 1, state: new SubState(), replica: new ReplicaState(), core: undefined, lines: [] };
    const status = subStatus({ ...options, failback: undefined, failed: undefined });
    const zeros = { reason: 0, failed: 0, failedReason: 0, frozen: 0, blocksTotal: 0, blocksSent: 0, changedBlocks: 0 };
    expect(status).to.deep.include({ ...zeros, shadowSlots: 0, shadowSlotsFree: 0, unstructuredBlocks: 0 });
  });

  it('says how far a failback has come, while one is under way', () => {
    const lab = new SubLab();
    const back = (busy: boolean) => ({ busy, progress: { total: 8, sent: 5 } }) as never;
    const of = { request: 1, state: lab.state, replica: lab.replica, core: lab.core, failed: undefined, lines: [] };
    const told = [true, false].map((busy) => subStatus({ ...of, failback: back(busy) }));
    expect(told.map(({ blocksTotal, blocksSent }) => [blocksTotal, blocksSent])).to.deep.equal([
      [8, 5],
      [0, 0],
    ]);
  });
});

describe('what the parts of a sub share', () => {
  it('suspends a pair once for each reason, and tells main', () => {
    const lab = new SubLab();
    const code = refusals['image-corrupt'].number;
    lab.core.suspend('image-corrupt', '');
    expect(lab.records.map(({ record }) => record)).to.deep.equal([{ kind: 'pairState', state: 'PSUE', code }]);
    expect(lab.sent).to.deep.equal([{ kind: 'pairStateChanged', state: 'PSUE', code }]);
    expect(lab.effects).to.deep.equal([{ kind: 'log', level: 'error', text: 'pair suspended: image-corrupt' }]);
    lab.durable();
    lab.core.suspend('image-corrupt', 'again');
    expect([lab.records.length, lab.sent.length, lab.effects.length]).to.deep.equal([0, 1, 1]);
    lab.core.suspend('disk-error', 'secondary0');
    expect([lab.records.length, lab.sent.length, lab.effects.length]).to.deep.equal([1, 2, 2]);
    const suspended = new SubLab();
    suspended.state.apply(pairState('SSUS', code));
    suspended.core.suspend('image-corrupt', '');
    expect(suspended.records.length, 'suspended for this, but not by an error').to.equal(1);
  });

  it('suspends nothing of its own after a takeover: it goes on serving its host', () => {
    const lab = new SubLab();
    lab.state.apply(tookOver);
    lab.core.suspend('image-corrupt', '');
    expect([lab.records.length, lab.sent.length]).to.deep.equal([0, 1]);
  });

  it('makes a pair of a copy with the first image', () => {
    const lab = new SubLab();
    const commit = (of: number) => {
      lab.core.receiver.begin({
        ...{ kind: 'begin', epoch: epoch(1), generation: generation(of), base: generation(of - 1), full: false },
        state: 'COPY',
      });
      const complete = { blocks: 0, zeroBlocks: 0, digest: Buffer.alloc(16) };
      lab.settle();
      lab.core.receiver.complete({ kind: 'complete', generation: generation(of), ...complete });
    };
    commit(1);
    expect(lab.settle()).to.include('record pairState');
    expect(lab.state.pairState).to.equal('PAIR');
    commit(2);
    expect(lab.settle()).to.not.include('record pairState');
    expect(lab.core.allocators[0]).to.be.instanceOf(SlotAllocator);
  });
});

describe('the blocks of a sub’s volume that may be other than zero', () => {
  const lab = new SubLab();
  lab.replica.volume(0).occupied.add(4, 3);
  lab.replica.volume(0).occupied.add(14, 2);
  lab.overlaid(9, 'abc');
  lab.overlaid(5, 'X');
  const volumes = new SubVolumes(lab.core);
  const next = (from: number, countMax = 16, end = 16) => {
    const run = volumes.nextOccupied(0, from, countMax, end);
    return run === undefined ? 'none' : `${run.first}+${run.count}`;
  };

  it('are those of the secondary area, and those that wait in staging', () => {
    expect([next(0), next(5), next(7), next(10), next(12), next(15)]).to.deep.equal([
      ...['4+3', '5+2', '9+3', '10+2', '14+2', '15+1'],
    ]);
  });

  it('are no more than asked for, and none past the end', () => {
    expect([next(0, 2), next(9, 2), next(9, 16, 10), next(9, 16, 9), next(7, 16, 9), next(0, 16, 4)]).to.deep.equal([
      ...['4+2', '9+2', '9+1', 'none', 'none', 'none'],
    ]);
    expect(volumes.geometry).to.equal(lab.core.geometry);
  });

  it('are found without the volume that they belong to', () => {
    const { nextOccupied } = volumes;
    expect(nextOccupied(0, 0, 16, 16)).to.deep.include({ first: 4, count: 3 });
  });
});

describe('the blocks of a sub’s volume that are known to be zeros', () => {
  it('are zeros that wait in staging, as far as they were asked for', () => {
    const lab = new SubLab();
    lab.replica.volume(0).occupied.add(0, 16);
    lab.overlaid(4, '...X.');
    const volumes = new SubVolumes(lab.core);
    const zeros = (first: number, countMax = 16) => volumes.knownZeros(0, first, countMax);
    expect([zeros(3), zeros(4), zeros(4, 2), zeros(6), zeros(7), zeros(8), zeros(9)]).to.deep.equal([
      ...[0, 3, 2, 1, 0, 1, 0],
    ]);
  });
});
