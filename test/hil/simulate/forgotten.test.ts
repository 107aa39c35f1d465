import { expect } from 'chai';
import type { MainRecord } from '../../../firmware-sim/main/main-records.js';
import { MainState } from '../../../firmware-sim/main/main-state.js';
import { ReplicaState } from '../../../firmware-sim/replica/replica-state.js';
import type { SubRecord } from '../../../firmware-sim/sub/sub-records.js';
import { SubState } from '../../../firmware-sim/sub/sub-state.js';
import { forgottenByMain, forgottenBySub } from '../../../hil/simulate/forgotten.js';
import { blockNumber, epoch, generation, volumeNumber } from '../../../protocol/ids.js';
import { refusals } from '../../../protocol/refusals.js';

const pair = Buffer.alloc(16, 1);
const [first, volume] = [blockNumber(0), volumeNumber(0)];

function main(...records: readonly MainRecord[]): MainState {
  const state = new MainState();
  state.apply({ kind: 'formatted', pair, method: 'differential', blockBytes: 512, volumes: [4096] });
  for (const each of records) state.apply(each);
  return state;
}

function sub(...records: readonly SubRecord[]) {
  const state = new SubState();
  state.apply({ kind: 'prepared', blockBytes: 512, volumes: [4096] });
  state.apply({ kind: 'joined', pair, method: 'differential', epoch: epoch(1) });
  for (const each of records) state.apply(each);
  return { state, replica: new ReplicaState() };
}

describe('what a controller has forgotten when it comes back', () => {
  const frozen: MainRecord = {
    ...{ kind: 'frozen', generation: generation(1), full: true, token: pair, included: [] },
  };
  const failed: MainRecord = { kind: 'failed', generation: generation(1), code: refusals['shadow-full'].number };

  it('is nothing when main knows what it knew, or more', () => {
    expect(forgottenByMain(main(), main())).to.equal(undefined);
    expect(forgottenByMain(main(), main(frozen))).to.equal(undefined);
    expect(forgottenByMain(main(frozen), main(frozen))).to.equal(undefined);
    expect(forgottenByMain(main(frozen), main(frozen, failed))).to.equal(undefined);
  });

  it('is a generation that has failed, or that was on its way', () => {
    expect(forgottenByMain(main(frozen, failed), main(frozen))).to.equal('that generation 1 has failed');
    expect(forgottenByMain(main(frozen), main())).to.equal('generation 1, which is neither on its way nor over');
  });

  const tookOver: SubRecord = { kind: 'tookOver', epoch: epoch(2) };
  const changing: SubRecord = { kind: 'changing', volume, first, count: 2 };
  const failback: SubRecord = { kind: 'failbackBegun', generation: generation(2) };

  it('is nothing when the sub knows what it knew, or more', () => {
    expect(forgottenBySub(sub(), sub(tookOver))).to.equal(undefined);
    expect(forgottenBySub(sub(tookOver), sub(tookOver, changing))).to.equal(undefined);
    expect(forgottenBySub(sub(tookOver, changing), sub(tookOver, changing))).to.equal(undefined);
    const given = sub(tookOver, changing, failback, { kind: 'gaveBack', generation: generation(2) });
    expect(forgottenBySub(sub(tookOver, changing, failback), given)).to.equal(undefined);
  });

  it('is a takeover, or what a host changed since', () => {
    expect(forgottenBySub(sub(tookOver), sub())).to.equal('epoch 2, and is in 1');
    const before = sub(tookOver, changing);
    before.state.epoch = epoch(1);
    expect(forgottenBySub(before, sub())).to.equal('that it has taken over');
    expect(forgottenBySub(sub(tookOver, changing), sub(tookOver))).to.equal('that a host changed block 0 of volume 0');
  });
});
