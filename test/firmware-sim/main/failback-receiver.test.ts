import { deflateSync } from 'node:zlib';
import { expect } from 'chai';
import { FailbackReceiver } from '../../../firmware-sim/main/failback-receiver.js';
import { contentDigests, GenerationDigest, runDigest } from '../../../protocol/digest.js';
import { blockNumber, epoch, generation, volumeNumber } from '../../../protocol/ids.js';
import type { Message } from '../../../protocol/message/messages.js';
import { refusals } from '../../../protocol/refusals.js';
import { blockBytes, blocksOf, MainLab } from './main-lab.js';

const digest = Buffer.alloc(16, 9);

/** Main with generation 4 committed, taken over by its sub with epoch 2. */
class BackLab extends MainLab {
  quiet = true;
  pairings = 0;
  regained = 0;
  readonly back = new FailbackReceiver(this.core, [this.slots], {
    onRegained: () => {
      this.regained += 1;
    },
    tellPairing: () => {
      this.pairings += 1;
    },
    hostIsQuiet: () => this.quiet,
  });

  constructor({ sectors = 32, others = [] as readonly number[] } = {}) {
    super({ sectors, others });
    this.primary(0, 'abcdefgh');
    this.freeze(4, true);
    this.core.state.apply({ kind: 'committed', generation: generation(4), digest });
    this.core.state.apply({ kind: 'takenOver', epoch: epoch(2) });
  }

  /** A message, and the step after it. */
  says(message: Message): this {
    this.back.message(message);
    return this.go().go();
  }

  /** The sub asks, as it would. */
  asks(request: number, { discard = false, now = 2, committed = 4 } = {}): this {
    const of = { request, epoch: epoch(now), committed: generation(committed), discard };
    return this.says({ kind: 'failbackAsk', ...of });
  }

  go(): this {
    do this.back.pump();
    while (this.disk() || this.durable());
    return this;
  }

  /** Refusals as words, and the blocks of each difference. */
  told(): string[] {
    return this.sent.splice(0).map((message) => {
      if (message.kind === 'refused') return `refused ${message.request} ${message.code}`;
      if (message.kind !== 'failbackDifference') return message.kind;
      const blocks = message.chunks.flatMap(({ chunk, blocks: bits }) =>
        Array.from({ length: 64 }, (_, bit) => bit).flatMap((bit) =>
          (((bits[bit >> 3] ?? 0) >> (bit & 7)) & 1) === 1 ? [chunk * 64 + bit] : [],
        ),
      );
      return `difference ${message.request}: ${blocks}${message.last ? '' : ' …'}`;
    });
  }
}

const code = (name: keyof typeof refusals) => refusals[name].number;

const beginning = ({ number = 6, now = 2, base = 4 } = {}): Message => ({
  ...{ kind: 'begin', epoch: epoch(now), generation: generation(number), base: generation(base) },
  ...{ full: false, state: 'SSWS' },
});

const placeOf = (run: number, first: number, letters: string, number = 6) => ({
  ...{ run, generation: generation(number), volume: volumeNumber(0), first: blockNumber(first) },
  ...{ count: letters.length, digest: runDigest(contentDigests(blocksOf(letters), blockBytes)) },
});

const runOf = (run: number, first: number, letters: string, number = 6): Message => ({
  ...{ kind: 'blockRun', ...placeOf(run, first, letters, number), data: blocksOf(letters) },
});

describe('main, asked for a failback', () => {
  it('allows it durably, tells the pair once more, and names the blocks that differ here', () => {
    const lab = new BackLab();
    lab.back.message({ kind: 'failbackAsk', request: 7, epoch: epoch(2), committed: generation(4), discard: false });
    lab.back.pump();
    expect(lab.records.map(({ record }) => record)).to.deep.equal([{ kind: 'failbackAllowed', epoch: 2 }]);
    expect([lab.told(), lab.pairings], 'not before it is durable').to.deep.equal([[], 0]);
    lab.go();
    expect([lab.told(), lab.pairings, lab.core.state.failingBack]).to.deep.equal([['difference 7: '], 1, true]);
    lab.go();
    expect(lab.told(), 'once').to.deep.equal([]);
  });

  it('answers one that asks anew at once: nothing else may come to wake it', () => {
    const lab = new BackLab().asks(1);
    lab.told();
    lab.back.message({ kind: 'failbackAsk', request: 2, epoch: epoch(2), committed: generation(4), discard: false });
    lab.back.pump();
    expect([lab.told(), lab.records], 'it is allowed already').to.deep.equal([['difference 2: '], []]);
  });

  it('discards what it never sent only when it is told to', () => {
    const lab = new BackLab();
    lab.primary(3, 'XY');
    lab.asks(1);
    expect([lab.told(), lab.core.state.failingBack]).to.deep.equal([[`refused 1 ${code('discard-needed')}`], false]);
    lab.asks(2, { discard: true });
    expect([lab.told(), lab.core.state.failingBack]).to.deep.equal([['difference 2: 3,4'], true]);
    lab.asks(3);
    expect(lab.told(), 'it has been told').to.deep.equal(['difference 3: 3,4']);
  });

  it('refuses a sub that is older than what it knows', () => {
    for (const older of [{ now: 1 }, { committed: 3 }]) {
      const lab = new BackLab().asks(1, older);
      expect([lab.told(), lab.records]).to.deep.equal([[`refused 1 ${code('older-sub')}`], []]);
    }
    expect(new BackLab().asks(1, { now: 3, committed: 5 }).told()).to.deep.equal(['difference 1: ']);
  });

  it('waits until no write, no freeze and no generation is under way, and nothing is deferred', () => {
    const lab = new BackLab();
    lab.quiet = false;
    lab.asks(1);
    lab.freeze(5);
    lab.quiet = true;
    lab.go();
    expect([lab.told(), lab.core.state.failingBack]).to.deep.equal([[], false]);
    lab.deferred(2, 'Z');
    lab.core.state.apply({ kind: 'failed', generation: generation(5), code: code('taken-over') });
    lab.asks(2, { discard: true });
    expect([lab.told(), lab.core.state.failingBack], 'one is deferred').to.deep.equal([[], true]);
    lab.core.drainer.noteAll();
    lab.core.drainer.pump();
    lab.go();
    expect(lab.told()).to.deep.equal(['difference 2: 2']);
  });

  it('names a large difference in parts', () => {
    const lab = new BackLab({ sectors: 2 * 64 * 5000 });
    const at = (first: number, count: number) => ({ volume: volumeNumber(0), first: blockNumber(first), count });
    for (let chunk = 0; chunk < 2049; chunk += 1) lab.core.state.apply({ kind: 'changing', ...at(chunk * 64 + 63, 1) });
    lab.asks(1, { discard: true });
    expect(
      lab.sent.map((each) => (each.kind === 'failbackDifference' ? [each.chunks.length, each.last] : [])),
    ).to.deep.equal([
      [2048, false],
      [1, true],
    ]);
    const blocks = lab.told().flatMap((each) =>
      each
        .replace(/^.*: | …/g, '')
        .split(',')
        .map(Number),
    );
    expect([blocks.length, blocks[0], blocks[1], blocks.at(-1)]).to.deep.equal([2049, 63, 127, 2048 * 64 + 63]);
  });

  it('names the blocks of a chunk together, a bit for each', () => {
    const lab = new BackLab({ sectors: 2 * 80 });
    lab.changed(0, 3, 3);
    lab.changed(0, 63, 2);
    lab.changed(0, 70, 1);
    lab.asks(1, { discard: true });
    const told = lab.sent.map((each) => (each.kind === 'failbackDifference' ? each.chunks : []));
    expect(told).to.deep.equal([
      [
        { chunk: 0, blocks: Uint8Array.of(0b00111000, 0, 0, 0, 0, 0, 0, 0b10000000) },
        { chunk: 1, blocks: Uint8Array.of(0b01000001, 0, 0, 0, 0, 0, 0, 0) },
      ],
    ]);
  });

  it('says nothing of volumes without a difference', () => {
    const lab = new BackLab({ others: [32, 32, 32] });
    lab.changed(1, 4, 1);
    lab.changed(2, 5, 1);
    lab.asks(1, { discard: true });
    const told = lab.sent.map((each) => (each.kind === 'failbackDifference' ? [each.volume, each.last] : []));
    expect(told).to.deep.equal([
      [1, false],
      [2, true],
    ]);
    expect(lab.told()).to.deep.equal(['difference 1: 4 …', 'difference 1: 5']);
  });

  it('has the question in hand until it is answered, then the runs that have come', () => {
    const lab = new BackLab();
    expect(lab.back.inHand()).to.deep.equal([]);
    lab.quiet = false;
    lab.asks(1);
    expect(lab.back.inHand()).to.deep.equal(['failback (asked)']);
    lab.quiet = true;
    lab.back.pump();
    expect(lab.back.inHand(), 'its record is not durable').to.deep.equal(['failback (asked)']);
    lab.go();
    expect(lab.back.inHand()).to.deep.equal([]);
    lab.says(beginning());
    lab.back.message(runOf(1, 2, 'X'));
    expect(lab.back.inHand()).to.deep.equal(['runs on their way into staging: 1']);
    lab.go();
    expect(lab.back.inHand()).to.deep.equal([]);
  });

  it('forgets the question with the session', () => {
    const lab = new BackLab();
    lab.quiet = false;
    lab.asks(1);
    lab.back.closed();
    lab.quiet = true;
    lab.go();
    expect([lab.told(), lab.records]).to.deep.equal([[], []]);
  });
});

describe('main, given back to', () => {
  /** An image arrives: block 2 is X, block 9 is new, block 5 is zeros. */
  function receives(lab: BackLab, { number = 6, now = 2, base = 4 } = {}): BackLab {
    lab.says(beginning({ number, now, base }));
    lab.says(runOf(1, 2, 'X', number)).says(runOf(2, 9, 'Y', number));
    const { digest: _, ...zeros } = placeOf(3, 5, '.', number);
    lab.says({ kind: 'zeroRun', ...zeros });
    lab.says({ kind: 'getHoldings', generation: generation(number) });
    const digest = digestOf([2, 'X'], [5, '.'], [9, 'Y']);
    return lab.says({ kind: 'complete', generation: generation(number), blocks: 3, zeroBlocks: 1, digest });
  }

  function digestOf(...blocks: readonly (readonly [number, string])[]): Uint8Array {
    const digest = new GenerationDigest();
    for (const [first, letter] of blocks) digest.add(0, first, contentDigests(blocksOf(letter), blockBytes));
    return digest.finish();
  }

  const received = () => receives(new BackLab().asks(1));

  it('commits the image in its shadow area, and structures it in its primary area', () => {
    const lab = received();
    expect(lab.told().filter((each) => each !== 'stored')).to.deep.equal([
      ...['difference 1: ', 'holdings', 'committed', 'structured'],
    ]);
    expect(lab.letters('primary0', 0, 20)).to.equal('aabbXXddee..gghh..YY');
    lab.core.takeFreed();
    expect([lab.slots.free, lab.core.state.takenOver, lab.regained]).to.deep.equal([16, true, 0]);
  });

  it('takes no image under a number that was frozen here, and stages nothing for it', () => {
    const lab = new BackLab();
    lab.freeze(6);
    lab.core.state.apply({ kind: 'failed', generation: generation(6), code: code('taken-over') });
    lab.asks(1, { discard: true });
    lab.told();
    const records = lab.records.length;
    lab.says(beginning({ number: 6 }));
    expect(lab.sent).to.deep.equal([{ kind: 'abandon', generation: 6, code: code('wrong-generation'), state: 'PSUE' }]);
    expect([lab.records.length, lab.core.replica.receiving]).to.deep.equal([records, undefined]);
    receives(lab, { number: 7 });
    expect(lab.core.replica.committed).to.equal(7);
  });

  it('is the main side again once the sub has let go, and knows what is allocated', () => {
    const lab = received();
    lab.told();
    lab.says({ kind: 'failbackDone', epoch: epoch(2), generation: generation(6) });
    const { takenOver, failingBack, epoch: now, committed, pairState, commitDigest } = lab.core.state;
    expect([takenOver, failingBack, now, committed, pairState]).to.deep.equal([false, false, 2, 6, 'PAIR']);
    expect(Buffer.from(commitDigest)).to.deep.equal(Buffer.from(lab.core.replica.commitDigest));
    const { allocated, changed } = lab.core.state.volume(0);
    expect([allocated.has(9), allocated.has(10), changed.size, lab.regained]).to.deep.equal([true, false, 0, 1]);
    const marks = lab.effects.flatMap((each) => (each.kind === 'mark' ? [each] : []));
    expect(marks.at(-1)).to.deep.include({ name: 'regained', values: { generation: 6 } });
    lab.go();
    expect(lab.regained, 'once').to.equal(1);
  });

  it('waits for its own structuring, and for the generation that was given', () => {
    const lab = new BackLab().asks(1);
    lab.says({ kind: 'failbackDone', epoch: epoch(2), generation: generation(6) });
    expect([lab.regained, lab.core.state.takenOver]).to.deep.equal([0, true]);
    const image = { epoch: epoch(2), digest, committed: generation(6) };
    lab.core.replica.apply({ kind: 'image', ...image, structured: generation(5) });
    lab.back.pump();
    expect(lab.records.map(({ record }) => record.kind)).to.not.include('regained');
    lab.core.replica.apply({ kind: 'image', ...image, committed: generation(7), structured: generation(6) });
    lab.go();
    expect(lab.regained, 'the sub has given an older one').to.equal(0);
    lab.core.replica.apply({ kind: 'image', ...image, structured: generation(6) });
    lab.back.given({ epoch: 2, generation: 7 });
    lab.go();
    expect(lab.regained).to.equal(0);
    lab.back.given({ epoch: 3, generation: 6 });
    lab.go();
    expect([lab.regained, lab.core.state.epoch]).to.deep.equal([1, 3]);
  });

  it('takes runs in each form', () => {
    const lab = new BackLab().asks(1);
    lab.runForms = { takenBits: 15, sentBits: 0, held: true };
    lab.says(beginning()).told();
    lab.says({ kind: 'compressedRun', ...placeOf(1, 2, 'XX'), data: deflateSync(blocksOf('XX')) });
    lab.says({ kind: 'heldRun', ...placeOf(2, 6, 'gh') });
    lab.says({ kind: 'heldRun', ...placeOf(3, 6, 'gi') });
    expect(lab.sent.map((each) => ('runs' in each ? each.runs : 'code' in each ? each.code : each.kind))).to.deep.equal(
      [...[[1], [2], code('content-differs')]],
    );
    const digest = digestOf([2, 'X'], [3, 'X'], [6, 'g'], [7, 'h']);
    lab.says({ kind: 'complete', generation: generation(6), blocks: 4, zeroBlocks: 0, digest });
    expect([lab.told().slice(-2), lab.letters('primary0', 0, 16)]).to.deep.equal([
      ...[['committed', 'structured'], 'aabbXXXXeeffgghh'],
    ]);
  });

  it('can be given back to once more after another takeover', () => {
    const lab = received();
    lab.says({ kind: 'failbackDone', epoch: epoch(2), generation: generation(6) });
    lab.core.state.apply({ kind: 'takenOver', epoch: epoch(3) });
    lab.told();
    receives(lab.asks(2, { now: 3, committed: 6 }), { number: 7, now: 3, base: 6 });
    expect([lab.told()[0], lab.regained], 'the sub has not let go of this one').to.deep.equal(['difference 2: ', 1]);
    lab.says({ kind: 'failbackDone', epoch: epoch(3), generation: generation(7) });
    const { takenOver, epoch: now, committed } = lab.core.state;
    expect([lab.regained, takenOver, now, committed]).to.deep.equal([2, false, 3, 7]);
  });

  it('takes nothing of an image that it has not allowed', () => {
    const lab = new BackLab();
    lab.says(beginning());
    lab.says({ kind: 'failbackDone', epoch: epoch(2), generation: generation(4) });
    expect([lab.core.replica.receiving, lab.told(), lab.regained]).to.deep.equal([undefined, [], 0]);
  });

  it('marks what the sub has no business to say', () => {
    const lab = new BackLab().says({ kind: 'abandon', generation: generation(6), code: 1, state: 'PSUE' });
    expect(lab.effects).to.deep.equal([
      {
        ...{ kind: 'mark', name: 'refused' },
        values: { port: 'remote', code: 'message-unexpected', detail: 'abandon' },
      },
    ]);
  });
});
