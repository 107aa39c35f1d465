import { deflateSync } from 'node:zlib';
import { expect } from 'chai';
import { MainSession } from '../../../firmware-sim/sub/main-session.js';
import { contentDigests, GenerationDigest, runDigest } from '../../../protocol/digest.js';
import { blockNumber, epoch, generation, volumeNumber } from '../../../protocol/ids.js';
import type { Message, MessageNamed } from '../../../protocol/message/messages.js';
import { refusals } from '../../../protocol/refusals.js';
import { blockBytes, blocksOf, SubLab } from './sub-lab.js';

const pair = Buffer.alloc(16, 1);
const commitDigest = Buffer.alloc(16, 9);

class SessionLab extends SubLab {
  readonly given: string[] = [];
  readonly stamped: (() => void)[] = [];
  readonly session = new MainSession({
    core: this.core,
    stamp: (then) => this.stamped.push(then),
    onGivenUp: (failed, code) => this.given.push(`${failed} ${code}`),
    whyGivenUp: (of) => (this.given.includes(`${of} shadow-full`) ? 'shadow-full' : undefined),
  });

  /** Generation 4 is committed and structured, unless the sub is fresh. */
  constructor(fresh = false) {
    super(32, fresh);
    if (fresh) return;
    const image = { epoch: epoch(1), committed: generation(4), structured: generation(4), digest: commitDigest };
    this.replica.apply({ kind: 'image', ...image });
    this.state.apply({ kind: 'pairState', state: 'PAIR', code: 0 });
  }

  says(message: Message): this {
    this.session.message(message);
    return this;
  }

  pairing(of: Partial<MessageNamed<'pairing'>> = {}): this {
    const main = { pair, epoch: epoch(1), method: 'differential', blockBytes, volumes: [32 * 512] } as const;
    const image = { frozen: generation(4), committed: generation(4), structured: generation(4), commitDigest };
    const rest = { receiving: generation(0), takenOver: false, runBytesMax: 65536, windowBytes: 1 << 20 };
    return this.says({ kind: 'pairing', ...main, ...image, state: 'PAIR', ...rest, ...of });
  }

  begin(of: Partial<MessageNamed<'begin'>> = {}): this {
    const message = { epoch: epoch(1), generation: generation(5), base: generation(4), full: false };
    return this.says({ kind: 'begin', ...message, state: 'PAIR', ...of });
  }

  /** Kinds of the messages since the last look. */
  told(): string[] {
    return this.sent.splice(0).map(({ kind }) => kind);
  }

  recorded(): unknown[] {
    return this.records.map(({ record }) => record);
  }
}

function agreed(): SessionLab {
  const lab = new SessionLab().pairing();
  lab.told();
  return lab;
}

describe('a sub that hears of its pair', () => {
  it('joins one that it fits, durably, marks its areas, and only then says so', () => {
    const lab = new SessionLab(true).pairing({ epoch: epoch(3), method: 'copy' });
    expect(lab.recorded()).to.deep.equal([{ kind: 'joined', pair: Uint8Array.from(pair), method: 'copy', epoch: 3 }]);
    expect([lab.told(), lab.stamped.length]).to.deep.equal([[], 0]);
    lab.durable();
    expect([lab.told(), lab.stamped.length, lab.session.paired]).to.deep.equal([[], 1, false]);
    lab.stamped[0]?.();
    expect([lab.sent[0]?.kind, lab.session.paired, lab.session.foreign]).to.deep.equal(['pairing', true, false]);
    expect(lab.sent[0]).to.deep.include({ epoch: 3, method: 'copy', pair: Uint8Array.from(pair) });
    expect(lab.state.pairState).to.equal('COPY');
  });

  it('does not join one of another shape, and says what it is itself', () => {
    for (const other of [{ blockBytes: 512 }, { volumes: [31 * 512] }, { volumes: [32 * 512, 512] }]) {
      const lab = new SessionLab(true).pairing(other);
      expect([lab.recorded(), lab.told(), lab.session.foreign]).to.deep.equal([[], ['pairing'], true]);
    }
  });

  it('says what it durably knows', () => {
    const lab = new SessionLab();
    lab.replica.apply({ kind: 'begun', epoch: epoch(1), generation: generation(5), base: generation(4), full: false });
    lab.pairing();
    expect(lab.sent).to.deep.equal([
      {
        ...{ kind: 'pairing', pair: Uint8Array.from(pair), epoch: 1, method: 'differential', blockBytes },
        ...{ volumes: [32 * 512], frozen: 4, committed: 4, structured: 4, commitDigest: Uint8Array.from(commitDigest) },
        ...{ state: 'PAIR', receiving: 5, takenOver: false, runBytesMax: 65536, windowBytes: 1048576 },
      },
    ]);
    expect(lab.recorded()).to.deep.equal([]);
  });

  it('names no image when it could not structure the one that it has, and tries that again', () => {
    const lab = new SessionLab();
    lab.overlaid(1, 'X');
    lab.core.receiver.pump();
    lab.put('staging0', 0, Buffer.alloc(1024, '?'));
    lab.settle();
    expect(lab.core.receiver.structuring.damaged).to.equal(true);
    lab.put('staging0', 0, blocksOf('X'));
    lab.told();
    lab.pairing();
    expect(lab.sent[0]).to.deep.include({ kind: 'pairing', commitDigest: Buffer.alloc(16, 0xff), committed: 4 });
    lab.core.receiver.pump();
    lab.settle();
    expect([lab.replica.overlaid, lab.letters(2, 2)]).to.deep.equal([0, 'XX']);
  });

  it('takes a newer epoch of main for its own, unless it has taken over itself or main is of another pair', () => {
    const lab = new SessionLab().pairing({ epoch: epoch(2) });
    expect(lab.recorded()).to.deep.equal([
      { kind: 'joined', pair: Uint8Array.from(pair), method: 'differential', epoch: 2 },
    ]);
    const taken = new SessionLab();
    taken.state.apply({ kind: 'tookOver', epoch: epoch(2) });
    taken.pairing({ epoch: epoch(3) });
    const foreign = new SessionLab().pairing({ epoch: epoch(2), pair: Buffer.alloc(16, 2) });
    for (const each of [taken, foreign]) expect([each.recorded(), each.told()]).to.deep.equal([[], ['pairing']]);
  });

  it('takes nothing that a foreign main sends', () => {
    const lab = new SessionLab().pairing({ pair: Buffer.alloc(16, 2), state: 'PSUE' });
    expect([lab.session.foreign, lab.session.paired]).to.deep.equal([true, false]);
    lab.begin();
    expect([lab.recorded(), lab.told()]).to.deep.equal([[], ['pairing']]);
    lab.pairing();
    expect([lab.session.foreign, lab.session.paired]).to.deep.equal([false, true]);
  });

  it('takes no image from a main of its pair that has another shape, but hears of its state', () => {
    for (const shape of [{ blockBytes: 4096 }, { volumes: [64 * 512] }]) {
      const lab = agreed().pairing(shape).begin();
      expect([lab.session.paired, lab.recorded()]).to.deep.equal([true, []]);
      lab.says({ kind: 'pairStateChanged', state: 'PSUE', code: refusals['volume-mismatch'].number });
      expect(lab.recorded()).to.have.length(1);
      lab.pairing().begin();
      expect(lab.recorded().length).to.be.greaterThan(1);
    }
  });

  it('takes nothing while it has taken over, though main is its own', () => {
    const lab = new SessionLab();
    lab.state.apply({ kind: 'tookOver', epoch: epoch(2) });
    lab.pairing({ state: 'PSUE' }).begin({ epoch: epoch(2) });
    expect([lab.session.paired, lab.recorded(), lab.state.pairState]).to.deep.equal([true, [], 'SSWS']);
  });

  it('takes what main sends once it has given back: main need not say again which pair it is', () => {
    const lab = new SessionLab();
    lab.state.apply({ kind: 'tookOver', epoch: epoch(2) });
    lab.pairing({ state: 'PSUE' });
    lab.state.apply({ kind: 'gaveBack', generation: generation(4) });
    lab.begin({ epoch: epoch(2) });
    expect(lab.recorded()).to.deep.include({ kind: 'begun', epoch: 2, generation: 5, base: 4, full: false });
  });

  it('takes nothing before main has said which pair it is, in each session', () => {
    const lab = new SessionLab().begin();
    const said = () => [lab.session.heard, lab.session.foreign, lab.session.paired];
    expect([lab.recorded(), said()]).to.deep.equal([[], [false, false, false]]);
    lab.pairing({ pair: Buffer.alloc(16, 2) });
    expect(said(), 'another').to.deep.equal([true, true, false]);
    lab.session.opened();
    expect(said(), 'a new session').to.deep.equal([false, false, false]);
    lab.pairing().begin();
    expect([lab.recorded().length, said()]).to.deep.equal([1, [true, false, true]]);
    lab.session.closed();
    lab.begin({ generation: generation(6) });
    expect([lab.records.length, said()], 'nothing more is taken').to.deep.equal([1, [true, false, false]]);
  });
});

describe('a sub whose pair main speaks of', () => {
  const states = (lab: SessionLab) => lab.recorded() as { readonly state: string; readonly code: number }[];

  it('is as main says it is, as seen from here', () => {
    const expected = { PSUS: 'SSUS', PSUE: 'PSUE' } as const;
    for (const [state, own] of Object.entries(expected)) {
      const lab = agreed().says({ kind: 'pairStateChanged', state: state as 'PSUS', code: 7 });
      expect(states(lab)).to.deep.equal([{ kind: 'pairState', state: own, code: 7 }]);
      lab.durable();
      lab.says({ kind: 'pairStateChanged', state: 'PAIR', code: 7 });
      expect(states(lab), 'no reason any more').to.deep.equal([{ kind: 'pairState', state: 'PAIR', code: 0 }]);
    }
    const fresh = new SessionLab(true).pairing();
    fresh.durable();
    fresh.stamped[0]?.();
    fresh.says({ kind: 'pairStateChanged', state: 'PAIR', code: 0 });
    expect([states(fresh), fresh.state.pairState], 'nothing committed').to.deep.equal([[], 'COPY']);
    fresh.says({ kind: 'pairStateChanged', state: 'PSUE', code: 7 });
    fresh.durable();
    fresh.says({ kind: 'pairStateChanged', state: 'COPY', code: 7 });
    expect(states(fresh)).to.deep.equal([{ kind: 'pairState', state: 'COPY', code: 0 }]);
  });

  it('notes what is new only, and each reason of an error', () => {
    const lab = agreed().says({ kind: 'pairStateChanged', state: 'PAIR', code: 0 });
    expect(states(lab)).to.deep.equal([]);
    for (const code of [7, 8]) {
      lab.says({ kind: 'pairStateChanged', state: 'PSUE', code });
      expect(states(lab).at(-1)).to.deep.include({ state: 'PSUE', code });
      lab.durable();
    }
    lab.says({ kind: 'pairStateChanged', state: 'PSUS', code: 0 });
    lab.durable();
    lab.says({ kind: 'pairStateChanged', state: 'PSUS', code: 0 });
    expect(states(lab)).to.deep.equal([]);
  });

  it('learns it from main’s pairing, too', () => {
    const lab = new SessionLab().pairing({ state: 'PSUS' });
    expect(states(lab)).to.deep.equal([{ kind: 'pairState', state: 'SSUS', code: 0 }]);
  });
});

describe('a sub that main sends an image to', () => {
  it('begins what follows its own image, or is whole', () => {
    const begun = (of: Partial<MessageNamed<'begin'>>) => {
      const lab = agreed().begin(of);
      return [lab.recorded().map((each) => (each as { kind: string }).kind), lab.told()];
    };
    expect(begun({})).to.deep.equal([['begun'], []]);
    expect(begun({ base: generation(3), full: true }), 'whole').to.deep.equal([['begun'], []]);
    expect(begun({ epoch: epoch(2) }), 'another epoch').to.deep.equal([[], []]);
    expect(begun({ epoch: epoch(0) }), 'an older one').to.deep.equal([[], []]);
    expect(begun({ generation: generation(3) }), 'an older image').to.deep.equal([[], []]);
  });

  it('says that it has committed what main begins anew, whatever that would build on', () => {
    for (const of of [{ base: generation(3) }, { base: generation(4) }, { full: true }]) {
      const lab = agreed().begin({ generation: generation(4), ...of });
      expect([lab.sent[0], lab.recorded()]).to.deep.equal([
        { kind: 'committed', epoch: epoch(1), generation: generation(4), digest: Uint8Array.from(commitDigest) },
        [],
      ]);
      expect(lab.told()).to.deep.equal(['committed', 'structured']);
    }
    for (const none of [0, 3]) {
      const lab = agreed().begin({ generation: generation(none), full: true });
      expect(lab.told()).to.deep.equal([]);
    }
    const fresh = new SessionLab(true);
    fresh.pairing().durable();
    fresh.stamped[0]?.();
    fresh.told();
    expect(fresh.begin({ generation: generation(0), base: generation(0) }).told()).to.deep.equal([]);
  });

  it('refuses a difference to an image that it does not have', () => {
    const lab = agreed().begin({ base: generation(3) });
    const code = refusals['older-sub'].number;
    expect(lab.sent).to.deep.equal([{ kind: 'abandon', generation: 5, code, state: 'PSUE' }]);
    expect(lab.recorded()).to.deep.equal([]);
  });

  it('takes runs, tells what it holds, and commits', () => {
    const lab = agreed().begin();
    lab.durable();
    const place = { generation: generation(5), volume: volumeNumber(0) };
    const data = blocksOf('P');
    const digest = runDigest(contentDigests(data, blockBytes));
    lab.says({ kind: 'blockRun', run: 1, ...place, first: blockNumber(2), count: 1, digest, data });
    lab.says({ kind: 'zeroRun', run: 2, ...place, first: blockNumber(5), count: 2 });
    lab.settle();
    lab.core.receiver.pump();
    expect(lab.told()).to.deep.equal(['stored']);
    lab.says({ kind: 'getHoldings', generation: generation(5) });
    expect(lab.told()).to.deep.equal(['holdings']);
    lab.says({ kind: 'complete', generation: generation(5), blocks: 1, zeroBlocks: 0, digest: Buffer.alloc(16) });
    expect(lab.told()).to.deep.equal(['completeRefused']);
  });

  it('begins no generation again that was given up, and says why', () => {
    const lab = agreed();
    lab.begin().durable();
    lab.told();
    lab.says({ kind: 'abandon', generation: generation(5), code: refusals['shadow-full'].number, state: 'PSUE' });
    lab.durable();
    lab.told();
    const from = lab.sent.length;
    lab.begin({ full: true });
    const answer = { kind: 'abandon', generation: 5, code: refusals['shadow-full'].number, state: 'PSUE' };
    expect(lab.sent.slice(from)).to.deep.equal([answer]);
    expect(lab.replica.receiving).to.equal(undefined);
    lab.told();
    lab.begin({ generation: generation(6) }).durable();
    expect(lab.told(), 'the next one is taken').to.deep.equal([]);
  });

  it('takes runs in each form', () => {
    const lab = agreed();
    lab.runForms = { takenBits: 15, sentBits: 0, held: true };
    lab.structured(6, 'gh');
    lab.begin().durable();
    const placeOf = (run: number, first: number, letters: string) => ({
      ...{ run, generation: generation(5), volume: volumeNumber(0), first: blockNumber(first), count: letters.length },
      ...{ digest: runDigest(contentDigests(blocksOf(letters), blockBytes)) },
    });
    const { digest: _, ...zeros } = placeOf(4, 10, '..');
    lab.says({ kind: 'blockRun', ...placeOf(1, 0, 'ab'), data: blocksOf('ab') });
    lab.says({ kind: 'compressedRun', ...placeOf(2, 2, 'cc'), data: deflateSync(blocksOf('cc')) });
    lab.says({ kind: 'heldRun', ...placeOf(3, 6, 'gh') });
    lab.says({ kind: 'zeroRun', ...zeros });
    lab.settle();
    lab.core.receiver.pump();
    const stored = lab.sent.flatMap((message) => (message.kind === 'stored' ? message.runs : []));
    expect([[...stored].sort(), lab.told()]).to.deep.equal([[1, 2, 3, 4], ['stored']]);
    expect(lab.effects, 'nothing is refused').to.deep.equal([]);
    const digest = new GenerationDigest();
    for (const [block, letter] of Array.from('abcc  gh  ..').entries())
      if (letter !== ' ') digest.add(0, block, contentDigests(blocksOf(letter), blockBytes));
    const whole = { blocks: 8, zeroBlocks: 2, digest: digest.finish() };
    lab.says({ kind: 'complete', generation: generation(5), ...whole }).settle();
    expect([lab.told()[0], lab.replica.committed], 'and all is there').to.deep.equal(['committed', 5]);
  });

  it('drops what main gives up, says so to those who wait, and is suspended', () => {
    const lab = agreed().begin();
    lab.durable();
    const code = refusals['shadow-full'].number;
    lab.says({ kind: 'abandon', generation: generation(5), code, state: 'PSUE' });
    expect(lab.given).to.deep.equal(['5 shadow-full']);
    expect(lab.recorded()).to.deep.equal([
      { kind: 'dropped', generation: 5 },
      { kind: 'pairState', state: 'PSUE', code },
    ]);
    lab.says({ kind: 'abandon', generation: generation(6), code: 60_000, state: 'PSUE' });
    expect(lab.given.at(-1)).to.equal('6 refused-by-sub');
  });

  it('marks what main has no business to say', () => {
    const lab = agreed().says({ kind: 'failbackDone', epoch: epoch(1), generation: generation(5) });
    expect(lab.effects).to.deep.equal([
      {
        ...{ kind: 'mark', name: 'refused' },
        values: { port: 'remote', code: 'message-unexpected', detail: 'failbackDone' },
      },
    ]);
  });
});
