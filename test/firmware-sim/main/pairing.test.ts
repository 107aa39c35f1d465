import { expect } from 'chai';
import { MainState } from '../../../firmware-sim/main/main-state.js';
import { mainStatus } from '../../../firmware-sim/main/main-status.js';
import { MainVolumes } from '../../../firmware-sim/main/main-volumes.js';
import { comparePairing, factsOf } from '../../../firmware-sim/main/pairing.js';
import { blockNumber, epoch, generation, volumeNumber } from '../../../protocol/ids.js';
import type { MessageNamed } from '../../../protocol/message/messages.js';
import { refusals } from '../../../protocol/refusals.js';
import { blockBytes, MainLab } from './main-lab.js';

const digest = Buffer.alloc(16, 9);

/** Main with generation 4 committed; what its sub says is the same, but for what a test changes. */
function paired(): MainLab {
  const lab = new MainLab();
  lab.freeze(4, true);
  lab.core.state.apply({ kind: 'committed', generation: generation(4), digest });
  return lab;
}

function saidBy(lab: MainLab, of: Partial<MessageNamed<'pairing'>> = {}): MessageNamed<'pairing'> {
  const { pair, epoch: now, method, committed, commitDigest, structured } = lab.core.state;
  return {
    ...{
      kind: 'pairing',
      pair,
      epoch: now,
      method,
      blockBytes,
      volumes: [32 * 512],
      committed,
      commitDigest,
      structured,
    },
    ...{ frozen: committed, state: 'PAIR', receiving: generation(0), takenOver: false },
    ...{ runBytesMax: 65536, windowBytes: 1 << 20, ...of },
  };
}

const facts = (lab: MainLab, of: Partial<MessageNamed<'pairing'>> = {}) =>
  factsOf(lab.core.state, lab.core, saidBy(lab, of));

describe('what main makes of what the sub says', () => {
  it('is that they fit when nothing differs', () => {
    expect(facts(paired())).to.deep.equal({
      ...{ pair: 'same', shape: 'same', epoch: 'same', sub: 'follows', main: 'main side', image: 'common' },
    });
  });

  it('is the pair, the shape and the epoch', () => {
    const lab = paired();
    const pairs = [Buffer.alloc(16), Buffer.alloc(16, 2), Buffer.from(`${'00'.repeat(15)}01`, 'hex')].map(
      (pair) => facts(lab, { pair }).pair,
    );
    expect(pairs).to.deep.equal(['none', 'other', 'other']);
    const shapes = [{ blockBytes: 512 }, { volumes: [31 * 512] }, { volumes: [32 * 512, 512] }, { volumes: [] }];
    expect(shapes.map((shape) => facts(lab, shape).shape)).to.deep.equal([
      ...['other block size', 'other volumes', 'other volumes', 'other volumes'],
    ]);
    expect([0, 1, 2].map((now) => facts(lab, { epoch: epoch(now) }).epoch)).to.deep.equal(['older', 'same', 'newer']);
  });

  it('is who takes host writes', () => {
    const lab = paired();
    expect(facts(lab, { takenOver: true }).sub).to.equal('taken over');
    lab.core.state.apply({ kind: 'takenOver', epoch: epoch(2) });
    expect(facts(lab).main).to.equal('taken over');
    lab.core.state.apply({ kind: 'failbackAllowed', epoch: epoch(2) });
    expect(facts(lab).main).to.equal('failing back');
  });

  it('is which image the sub has', () => {
    const lab = paired();
    const image = (committed: number, commitDigest: Buffer = digest) =>
      facts(lab, { committed: generation(committed), commitDigest }).image;
    expect([image(3), image(4), image(4, Buffer.alloc(16, 8)), image(5)]).to.deep.equal([
      ...['older or other', 'common', 'older or other', 'never frozen'],
    ]);
    lab.freeze(5);
    expect([image(4), image(5), image(6)]).to.deep.equal(['common', 'on its way', 'never frozen']);
    lab.core.state.apply({ kind: 'failed', generation: generation(5), code: 1 });
    expect([image(4), image(5), image(6)]).to.deep.equal(['common', 'given up', 'never frozen']);
    lab.core.state.apply({ kind: 'failbackAllowed', epoch: epoch(2) });
    const received = { epoch: epoch(2), committed: generation(7), structured: generation(7), digest };
    lab.core.replica.apply({ kind: 'image', ...received });
    expect([image(7), image(8)]).to.deep.equal(['failed back', 'never frozen']);
  });

  it('is refused with the numbers of both when they cannot work together', () => {
    const lab = paired();
    const verdict = comparePairing(lab.core.state, lab.core, saidBy(lab, { blockBytes: 512 }));
    expect(verdict).to.deep.include({ kind: 'refused', code: 'block-size-mismatch' });
    expect(comparePairing(lab.core.state, lab.core, saidBy(lab))).to.deep.equal({ kind: 'same' });
  });
});

describe('the status of main', () => {
  const lines = [{ name: 'remote', up: false, refused: 81 }];

  it('says what is on its way, and how much of it has been sent', () => {
    const lab = paired();
    lab.primary(0, 'abcd');
    lab.freeze(5);
    lab.isSent(1, 'bc');
    lab.deferred(3, 'XY');
    lab.core.stallUsMax = 77;
    const { pair, commitDigest } = lab.core.state;
    expect(mainStatus({ request: 9, state: lab.core.state, core: lab.core, lines })).to.deep.equal({
      ...{ kind: 'status', request: 9, role: 'main', pairState: 'PAIR', reason: 0, pair, epoch: 1 },
      ...{ method: 'differential', blockBytes: 1024, volumes: [32 * 512], frozen: 5, committed: 4, structured: 0 },
      ...{ failed: 0, failedReason: 0, commitDigest, blocksTotal: 4, blocksSent: 2, deferredBlocks: 2 },
      ...{ changedBlocks: 2, unstructuredBlocks: 0, shadowSlots: 16, shadowSlotsFree: 14, hostStallUsMax: 77, lines },
    });
  });

  it('says what the next freeze would send, and what of it the sub holds already, when nothing is on its way', () => {
    const lab = new MainLab({ method: 'streaming' });
    lab.freeze(4, true);
    lab.core.state.apply({ kind: 'committed', generation: generation(4), digest });
    lab.primary(0, 'abcd');
    lab.isSent(1, 'b');
    lab.freeze(5);
    lab.core.state.apply({ kind: 'failed', generation: generation(5), code: refusals['line-lost'].number });
    lab.isSent(2, 'c');
    const status = mainStatus({ request: 1, state: lab.core.state, core: lab.core, lines });
    const code = refusals['line-lost'].number;
    expect(status).to.deep.include({ blocksTotal: 4, blocksSent: 1, failed: 5, failedReason: code, reason: code });
  });

  it('says nothing of slots while the records are being read', () => {
    const status = mainStatus({ request: 1, state: new MainState(), core: undefined, lines: [] });
    expect(mainStatus({ request: 1, state: paired().core.state, core: undefined, lines })).to.deep.include({
      ...{ committed: 4, shadowSlots: 0, shadowSlotsFree: 0 },
    });
    const zeros = { reason: 0, failed: 0, failedReason: 0, shadowSlots: 0, shadowSlotsFree: 0, hostStallUsMax: 0 };
    expect(status).to.deep.include({ ...zeros, blocksTotal: 0, pairState: 'SMPL', epoch: 1 });
  });
});

describe('the blocks of main’s volume that may be other than zero', () => {
  it('are those allocated before and since the freeze, without the volume that they belong to', () => {
    const lab = new MainLab();
    lab.primary(2, 'abc');
    lab.freeze(1, true);
    lab.core.state.apply({ kind: 'changing', volume: volumeNumber(0), first: blockNumber(8), count: 2 });
    lab.core.state.apply({ kind: 'changing', volume: volumeNumber(0), first: blockNumber(0), count: 1 });
    const volumes = new MainVolumes(lab.core);
    const { nextOccupied } = volumes;
    const next = (from: number, countMax = 16, end = 16) => {
      const run = nextOccupied(0, from, countMax, end);
      return run === undefined ? 'none' : `${run.first}+${run.count}`;
    };
    expect([next(0), next(1), next(3), next(5), next(10)]).to.deep.equal(['0+1', '2+3', '3+2', '8+2', 'none']);
    expect([next(2, 1), next(5, 1), next(5, 16, 9), next(5, 16, 8)]).to.deep.equal(['2+1', '8+1', '8+1', 'none']);
    expect(volumes.geometry).to.equal(lab.core.geometry);
  });
});
