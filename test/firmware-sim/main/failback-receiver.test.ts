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

  constructor(sectors = 32) {
    super({ sectors });
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
    expect(lab.told()).to.deep.equal(['difference 2: ']);
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
    const lab = new BackLab(2 * 64 * 5000);
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
  const place = { generation: generation(6), volume: volumeNumber(0) };

  /** The image of generation 6 arrives: block 2 is X, block 9 is new, block 5 is zeros. */
  function received(): BackLab {
    const lab = new BackLab().asks(1);
    lab.says({
      kind: 'begin',
      epoch: epoch(2),
      generation: generation(6),
      base: generation(4),
      full: false,
      state: 'SSWS',
    });
    for (const [run, first, letter] of [
      [1, 2, 'X'],
      [2, 9, 'Y'],
    ] as const) {
      const data = blocksOf(letter);
      const block = { run, ...place, first: blockNumber(first), count: 1 };
      lab.says({ kind: 'blockRun', ...block, digest: runDigest(contentDigests(data, blockBytes)), data });
    }
    lab.says({ kind: 'zeroRun', run: 3, ...place, first: blockNumber(5), count: 1 });
    lab.says({ kind: 'getHoldings', generation: generation(6) });
    const digest = new GenerationDigest();
    for (const [first, letter] of [
      [2, 'X'],
      [5, '.'],
      [9, 'Y'],
    ] as const) {
      digest.add(0, first, contentDigests(blocksOf(letter), blockBytes));
    }
    return lab.says({ kind: 'complete', generation: generation(6), blocks: 3, zeroBlocks: 1, digest: digest.finish() });
  }

  it('commits the image in its shadow area, and structures it in its primary area', () => {
    const lab = received();
    expect(lab.told().filter((each) => each !== 'stored')).to.deep.equal([
      ...['difference 1: ', 'holdings', 'committed', 'structured'],
    ]);
    expect(lab.letters('primary0', 0, 20)).to.equal('aabbXXddee..gghh..YY');
    lab.core.takeFreed();
    expect([lab.slots.free, lab.core.state.takenOver, lab.regained]).to.deep.equal([16, true, 0]);
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
    lab.core.replica.apply({ kind: 'image', ...image, structured: generation(6) });
    lab.back.given({ epoch: 2, generation: 7 });
    lab.go();
    expect(lab.regained).to.equal(0);
    lab.back.given({ epoch: 3, generation: 6 });
    lab.go();
    expect([lab.regained, lab.core.state.epoch]).to.deep.equal([1, 3]);
  });

  it('takes nothing of an image that it has not allowed', () => {
    const lab = new BackLab();
    lab.says({
      kind: 'begin',
      epoch: epoch(2),
      generation: generation(6),
      base: generation(4),
      full: false,
      state: 'SSWS',
    });
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
