/** What the parts of a sub share: its suspension, its first image, and the locks of its blocks. */
import { expect } from 'chai';
import type { Operation, Outcome } from '../../../firmware-sim/storage/operation.js';
import { epoch, generation } from '../../../protocol/ids.js';
import { refusals } from '../../../protocol/refusals.js';
import { SubLab } from './sub-lab.js';

const recorded = (lab: SubLab) => lab.records.map(({ record }) => record);
const logs = (lab: SubLab) =>
  lab.effects.splice(0).flatMap((each) => (each.kind === 'log' ? [`${each.level}: ${each.text}`] : []));

describe('a sub that cannot go on', () => {
  const code = refusals['disk-error'].number;

  it('suspends the pair durably, says so, and tells main, once for each reason', () => {
    const lab = new SubLab();
    lab.core.suspend('disk-error', 'secondary0');
    expect(recorded(lab)).to.deep.equal([{ kind: 'pairState', state: 'PSUE', code }]);
    expect(lab.sent.splice(0)).to.deep.equal([{ kind: 'pairStateChanged', state: 'PSUE', code }]);
    expect(logs(lab)).to.deep.equal(['error: pair suspended: disk-error (secondary0)']);
    lab.durable();
    lab.core.suspend('disk-error', 'again');
    expect([recorded(lab), lab.sent, logs(lab)]).to.deep.equal([[], [], []]);
    lab.core.suspend('staging-corrupt', '');
    expect([recorded(lab).length, logs(lab)]).to.deep.equal([1, ['error: pair suspended: staging-corrupt']]);
  });

  it('says a reason again that the pair is not suspended for any more', () => {
    const lab = new SubLab();
    lab.state.apply({ kind: 'pairState', state: 'SSUS', code });
    lab.core.suspend('disk-error', '');
    expect(recorded(lab)).to.deep.equal([{ kind: 'pairState', state: 'PSUE', code }]);
  });

  it('is paired again where main says so while the suspension is being recorded, and says the next reason again', () => {
    const lab = new SubLab();
    lab.state.apply({ kind: 'pairState', state: 'PAIR', code: 0 });
    lab.core.suspend('disk-error', '');
    lab.core.mainSays('PAIR', undefined);
    lab.core.mainSays('PAIR', undefined);
    expect(recorded(lab).map((each) => each.kind === 'pairState' && each.state)).to.deep.equal(['PSUE', 'PAIR']);
    lab.core.suspend('disk-error', '');
    expect(recorded(lab)).to.have.length(3);
    lab.durable();
    expect([lab.state.pairState, lab.state.reason]).to.deep.equal(['PSUE', 'disk-error']);
    lab.core.mainSays('PAIR', undefined);
    lab.durable();
    expect([lab.state.pairState, lab.state.reason]).to.deep.equal(['PAIR', undefined]);
  });

  it('stays the one that hosts write to after a takeover', () => {
    const lab = new SubLab();
    lab.core.mainSays('PSUE', 'disk-error');
    lab.state.apply({ kind: 'tookOver', epoch: epoch(2) });
    lab.durable();
    lab.core.suspend('disk-error', '');
    lab.core.mainSays('PAIR', undefined);
    expect([recorded(lab), lab.sent.length, lab.state.pairState]).to.deep.equal([[], 1, 'SSWS']);
  });
});

describe('the image of a sub', () => {
  it('makes a pair of what was a copy, and changes no other state', () => {
    for (const [state, changed] of [
      ['COPY', true],
      ['SSUS', false],
    ] as const) {
      const lab = new SubLab();
      lab.state.apply({ kind: 'pairState', state, code: 0 });
      const begun = { epoch: epoch(1), generation: generation(1), base: generation(0), full: true };
      lab.core.receiver.begin({ kind: 'begin', ...begun, state: 'COPY' });
      lab.durable();
      const none = { blocks: 0, zeroBlocks: 0, digest: Buffer.alloc(16) };
      lab.core.receiver.complete({ kind: 'complete', generation: generation(1), ...none });
      lab.core.receiver.pump();
      lab.settle();
      expect([lab.replica.committed, lab.state.pairState]).to.deep.equal([1, changed ? 'PAIR' : state]);
    }
  });

  it('has as many staging areas as volumes', () => {
    expect(new SubLab().core.allocators.map(({ total }) => total)).to.deep.equal([32]);
  });
});

describe('blocks of a sub that somebody works on', () => {
  it('are his who waits next once they are given back', () => {
    const lab = new SubLab();
    const told: (readonly [Outcome['kind'], number])[] = [];
    const holder: Operation = { name: 'holder', resume: () => {} };
    const next: Operation = { name: 'next', resume: ({ kind }, nowUs) => told.push([kind, nowUs]) };
    const range = { volume: 0, first: 2, count: 3, shared: false };
    lab.core.locks.claim(holder, range);
    lab.core.locks.claim(next, range);
    lab.core.nowUs = 70;
    lab.core.unlock(holder);
    expect(told).to.deep.equal([['locked', 70]]);
  });
});
