import { expect } from 'chai';
import { FailbackSender } from '../../../firmware-sim/sub/failback-sender.js';
import { contentDigests, RangeDigest } from '../../../protocol/digest.js';
import { epoch, generation, volumeNumber } from '../../../protocol/ids.js';
import type { Message } from '../../../protocol/message/messages.js';
import { refusals } from '../../../protocol/refusals.js';
import { checkCondition } from '../../../protocol/scsi/conditions.js';
import { blockBytes, blocksOf, lettersOf, SubLab } from './sub-lab.js';

const digest = Buffer.alloc(16, 9);

/** A sub that has taken over with generation 4 structured, and a failback that a test drives. */
class FailbackLab extends SubLab {
  readonly given: string[] = [];
  readonly started: (string | undefined)[] = [];
  readonly failback = new FailbackSender(this.core, (number, code) => this.given.push(`${number} ${code}`));

  constructor() {
    super();
    this.structured(0, 'abcdefgh');
    const image = { epoch: epoch(1), committed: generation(4), structured: generation(4), digest };
    this.replica.apply({ kind: 'image', ...image });
    this.state.apply({ kind: 'tookOver', epoch: epoch(2) });
    this.failback.mainFrozen = generation(5);
  }

  /** A host changes blocks here. */
  changed(first: number, letters: string): void {
    this.structured(first, letters);
    const at = { volume: volumeNumber(0), first, count: letters.length } as never;
    this.state.apply({ kind: 'changing', ...(at as object) } as never);
    this.replica.overwritten(0, first, letters.length);
  }

  start(discard = false): this {
    this.failback.start(discard, (refusal) => this.started.push(refusal?.code));
    return this;
  }

  /** Main names these blocks as different there. */
  differs(request: number, blocks: readonly number[], last = true): this {
    const bits = Buffer.alloc(8);
    for (const block of blocks) bits.writeUInt8(bits.readUInt8(block >> 3) | (1 << (block & 7)), block >> 3);
    const chunks = [{ chunk: 0, blocks: bits }];
    this.says({ kind: 'failbackDifference', request, volume: volumeNumber(0), chunks, last });
    return this;
  }

  says(message: Message): boolean {
    const taken = this.failback.message(message);
    this.go();
    return taken;
  }

  /** Lets everything go on that main is not needed for. */
  go(): this {
    do this.failback.pump();
    while (this.disk() || this.durable());
    return this;
  }

  /** Messages since the last look, as words. */
  told(): string[] {
    return this.sent.splice(0).map((message) => {
      if (message.kind === 'blockRun') return `${message.run}: ${message.first} ${lettersOf(message.data)}`;
      if (message.kind === 'zeroRun') return `${message.run}: ${message.first} zeros ${message.count}`;
      if (message.kind === 'complete') return `complete ${message.generation}: ${message.blocks} ${message.zeroBlocks}`;
      if (message.kind === 'begin') return `begin ${message.generation} on ${message.base} ${message.state}`;
      return message.kind;
    });
  }

  stored(...runs: number[]): boolean {
    return this.says({ kind: 'stored', generation: generation(6), runs });
  }

  main(kind: 'committed' | 'structured', of = 6): boolean {
    const message = { kind, epoch: epoch(2), generation: generation(of), digest };
    return this.says(message as Message);
  }

  marks(): string[] {
    return this.effects.flatMap((each) =>
      each.kind === 'mark' ? [`${each.name} ${Object.values(each.values).join()}`] : [],
    );
  }
}

/** With blocks 1 and 2 changed here and 2 and 5 there, about to be sent. */
function sending(): FailbackLab {
  const lab = new FailbackLab();
  lab.changed(1, 'XY');
  lab.start(true).differs(1, [2, 5]);
  return lab;
}

/** All of it sent and stored, and complete sent. */
function completing(): FailbackLab {
  const lab = sending();
  lab.stored(1, 2);
  lab.told();
  return lab;
}

describe('a failback', () => {
  it('asks main first, with what it has and whether main may discard', () => {
    for (const discard of [false, true]) {
      const lab = new FailbackLab().start(discard);
      expect(lab.sent).to.deep.equal([{ kind: 'failbackAsk', request: 1, epoch: 2, committed: 4, discard }]);
      expect([lab.failback.busy, lab.started, lab.records]).to.deep.equal([true, [], []]);
    }
  });

  it('sends what differs on either side, as the generation after the newest, and says when it is under way', () => {
    const lab = sending();
    expect(lab.told()).to.deep.equal(['failbackAsk', 'begin 6 on 4 SSWS', '1: 1 XXYY', '2: 5 ff']);
    expect([lab.state.failback, lab.started, lab.failback.generation]).to.deep.equal([6, [undefined], 6]);
    expect(lab.failback.progress).to.deep.equal({ total: 3, sent: 0 });
    expect(lab.marks()).to.deep.equal(['failback 6,3']);
  });

  it('goes from the ask to the right to write, given back durably', () => {
    const lab = sending();
    lab.told();
    lab.stored(1);
    expect([lab.told(), lab.failback.progress.sent]).to.deep.equal([[], 2]);
    lab.stored(2);
    expect([lab.sent[0]?.kind, lab.sent.length]).to.deep.equal(['complete', 1]);
    const range = new RangeDigest();
    for (const [block, letter] of [
      [1, 'X'],
      [2, 'Y'],
      [5, 'f'],
    ] as const) {
      range.addOfVolume(0, block, contentDigests(blocksOf(letter), blockBytes));
    }
    expect(lab.sent[0]).to.deep.include({ blocks: 3, zeroBlocks: 0, digest: range.finish() });
    lab.told();
    lab.main('committed');
    expect([lab.told(), lab.state.takenOver]).to.deep.equal([[], true]);
    lab.failback.message({ kind: 'structured', generation: generation(6) });
    expect(lab.records.map(({ record }) => record.kind)).to.deep.equal(['image', 'gaveBack']);
    expect(lab.told(), 'not before it is durable').to.deep.equal([]);
    lab.go();
    expect(lab.sent).to.deep.equal([{ kind: 'failbackDone', epoch: 2, generation: 6 }]);
    const { committed, structured, commitDigest, epoch: now } = lab.replica;
    expect([committed, structured, now, Buffer.from(commitDigest)]).to.deep.equal([6, 6, 2, digest]);
    expect([lab.state.takenOver, lab.state.pairState, lab.failback.busy]).to.deep.equal([false, 'PAIR', false]);
    expect([lab.state.changed[0]?.size, lab.marks()]).to.deep.equal([0, ['failback 6,3', 'gaveBack 6']]);
  });

  it('has a number after every number that was used, on either side, also by a failback that failed', () => {
    for (const [frozen, ended, expected] of [
      [3, 0, 5],
      [9, 0, 10],
      [3, 12, 13],
    ] as const) {
      const lab = new FailbackLab();
      lab.failback.mainFrozen = generation(frozen);
      lab.state.failbackEnded = generation(ended);
      lab.start().differs(1, [1]);
      expect(lab.state.failback).to.equal(expected);
    }
  });

  it('goes on with the number that it had before a power cut, and records no other', () => {
    const lab = new FailbackLab();
    lab.state.apply({ kind: 'failbackBegun', generation: generation(5) });
    lab.start();
    lab.failback.message({ kind: 'failbackDifference', request: 1, volume: volumeNumber(0), chunks: [], last: true });
    lab.failback.pump();
    expect([lab.records, lab.failback.generation, lab.started]).to.deep.equal([[], 5, [undefined]]);
  });

  it('waits until the host writes under way have ended', () => {
    const lab = new FailbackLab();
    lab.core.hostWrites = 1;
    lab.start().differs(1, [1]);
    expect([lab.records, lab.state.failback]).to.deep.equal([[], undefined]);
    lab.changed(3, 'Z');
    lab.core.hostWrites = 0;
    lab.go();
    expect(lab.told()).to.deep.equal(['failbackAsk', 'begin 6 on 4 SSWS', '1: 1 bb', '2: 3 ZZ']);
  });

  it('takes the difference in parts, and nothing of another question or past the end of the volume', () => {
    const lab = new FailbackLab().start();
    lab.differs(7, [0, 1, 2, 3]);
    lab.differs(1, [1, 15, 16, 63], false);
    expect(lab.state.failback).to.equal(undefined);
    lab.differs(1, [4]);
    lab.differs(1, [6]);
    expect(lab.told()).to.deep.equal(['failbackAsk', 'begin 6 on 4 SSWS', '1: 1 bb', '2: 4 ee', '3: 15 zeros 1']);
    expect(lab.failback.progress.total).to.equal(3);
  });

  it('takes a chunk of a difference for what it is', () => {
    const lab = new FailbackLab().start();
    const chunks = [{ chunk: 1, blocks: Buffer.alloc(8, 0xff) }];
    lab.says({ kind: 'failbackDifference', request: 1, volume: volumeNumber(0), chunks, last: true });
    expect(lab.failback.progress.total, 'blocks 64 and on are not there').to.equal(0);
    expect(lab.told().at(-1)).to.equal('complete 6: 0 0');
  });

  it('sends nothing before structuring has come to its end', () => {
    const lab = new FailbackLab();
    lab.overlaid(9, 'P');
    lab.start().differs(1, [1]);
    expect(lab.told()).to.deep.equal(['failbackAsk', 'begin 6 on 4 SSWS']);
    lab.replica.volume(0).overlay.delete(9, 1);
    lab.go();
    expect(lab.told()).to.deep.equal(['1: 1 bb']);
  });

  it('sends zeros as a range, and what is known apart from what is not', () => {
    const lab = new FailbackLab();
    lab.changed(2, 'WX');
    lab.start().differs(1, [0, 1, 4, 10, 11]);
    expect(lab.told().slice(2)).to.deep.equal(['1: 0 aabb', '2: 2 WWXX', '3: 4 ee', '4: 10 zeros 2']);
  });

  it('is told why main refuses it, and has begun nothing', () => {
    const lab = new FailbackLab().start();
    const refused = {
      kind: 'refused',
      request: 2,
      code: refusals['discard-needed'].number,
      detail: '7 blocks',
    } as const;
    expect(lab.says(refused), 'of another question').to.equal(true);
    expect([lab.started, lab.failback.busy]).to.deep.equal([[], true]);
    lab.says({ ...refused, request: 1 });
    expect([lab.started, lab.failback.busy, lab.records]).to.deep.equal([['discard-needed'], false, []]);
    lab.start().says({ ...refused, request: 2, code: 60_000 });
    expect(lab.started).to.deep.equal(['discard-needed', 'wrong-controller']);
  });

  it('takes no messages when there is none', () => {
    const lab = new FailbackLab();
    expect([lab.stored(1), lab.main('committed'), lab.failback.busy]).to.deep.equal([false, false, false]);
    const other = sending();
    expect(other.says({ kind: 'getHoldings', generation: generation(6) })).to.equal(false);
    expect(
      other.says({ kind: 'holdings', generation: generation(6), volume: volumeNumber(0), chunks: [], last: true }),
    ).to.equal(true);
  });
});

describe('a failback that meets trouble', () => {
  it('sends a run again that main did not take', () => {
    const lab = sending();
    lab.told();
    expect(lab.says({ kind: 'runRefused', generation: generation(6), run: 1, code: 1 })).to.equal(true);
    expect(lab.told()).to.deep.equal(['3: 1 XXYY']);
    lab.stored(2, 3);
    expect(lab.told()).to.deep.equal(['complete 6: 3 0']);
  });

  it('sends everything again when main refuses complete, and gives up the third time', () => {
    const lab = completing();
    const refused: Message = {
      kind: 'completeRefused',
      generation: generation(6),
      code: refusals['digest-mismatch'].number,
    };
    lab.says({ ...refused, generation: generation(5) } as Message);
    expect(lab.told(), 'another generation').to.deep.equal([]);
    let run = 3;
    for (let time = 0; time < 2; time += 1, run += 2) {
      lab.says(refused);
      expect(lab.told()).to.deep.equal([`${run}: 1 XXYY`, `${run + 1}: 5 ff`]);
      lab.says(refused);
      expect(lab.told(), 'what was not completed').to.deep.equal([]);
      lab.stored(run, run + 1);
      expect(lab.told()).to.deep.equal(['complete 6: 3 0']);
    }
    lab.says(refused);
    expect([lab.told(), lab.given, lab.failback.busy]).to.deep.equal([[], ['6 digest-mismatch'], false]);
    expect([lab.state.failback, lab.state.failbackEnded, lab.state.takenOver]).to.deep.equal([undefined, 6, true]);
    expect(lab.marks().at(-1)).to.equal('failed 6,digest-mismatch');
  });

  it('counts refused completes anew when it begins again', () => {
    const lab = completing();
    const refused: Message = { kind: 'completeRefused', generation: generation(6), code: 60_000 };
    lab.says(refused);
    lab.stored(3, 4);
    lab.failback.lost();
    lab.start(true).differs(2, [5]);
    lab.stored(5, 6);
    for (const runs of [
      [7, 8],
      [9, 10],
    ]) {
      lab.says(refused);
      expect(lab.given).to.deep.equal([]);
      lab.stored(...runs);
    }
    lab.says(refused);
    expect(lab.given, 'a reason that is not known').to.deep.equal(['6 digest-mismatch']);
  });

  it('gives up when main does, and the secondary area stays the one that hosts write to', () => {
    for (const lab of [sending(), completing()]) {
      const abandon: Message = {
        kind: 'abandon',
        generation: generation(6),
        code: refusals['shadow-full'].number,
        state: 'PSUE',
      };
      lab.says({ ...abandon, generation: generation(5) });
      expect(lab.given).to.deep.equal([]);
      lab.says(abandon);
      expect([lab.given, lab.state.takenOver, lab.state.failback]).to.deep.equal([['6 shadow-full'], true, undefined]);
      expect(lab.effects.filter(({ kind }) => kind === 'log')).to.have.length(1);
      lab.told();
      lab.start().differs(2, [1]);
      expect(lab.told()[1], 'the next has another number').to.equal('begin 7 on 4 SSWS');
    }
    const unknown = sending();
    unknown.says({ kind: 'abandon', generation: generation(6), code: 60_000, state: 'PSUE' });
    expect(unknown.given).to.deep.equal(['6 disk-error']);
  });

  it('gives up when a block cannot be read, or is not what was kept', () => {
    const failing = new FailbackLab();
    failing.changed(1, 'X');
    failing.start();
    failing.failback.message({
      kind: 'failbackDifference',
      request: 1,
      volume: volumeNumber(0),
      chunks: [],
      last: true,
    });
    failing.failback.pump();
    failing.durable();
    failing.failback.pump();
    failing.disk(checkCondition('lbaOutOfRange'));
    failing.go();
    expect(failing.given).to.deep.equal(['6 disk-error']);
    const corrupt = new FailbackLab().start().differs(1, [1]);
    corrupt.put('secondary0', 2, blocksOf('?'));
    corrupt.says({ kind: 'runRefused', generation: generation(6), run: 1, code: 1 });
    expect(corrupt.given).to.deep.equal(['6 image-corrupt']);
    expect(corrupt.effects.some((each) => each.kind === 'log' && each.text.includes('blocks 1+1'))).to.equal(true);
  });

  it('is told that the session ended when it has not begun', () => {
    for (const draining of [false, true]) {
      const lab = new FailbackLab();
      lab.core.hostWrites = 1;
      lab.start();
      if (draining) lab.differs(1, [1]);
      lab.failback.lost();
      lab.core.hostWrites = 0;
      lab.go();
      expect([lab.started, lab.failback.busy, lab.records]).to.deep.equal([['sub-unreachable'], false, []]);
    }
  });

  it('waits to be begun again when the session ends while its record is on its way, or later', () => {
    const recording = new FailbackLab().start();
    recording.failback.message({
      ...{ kind: 'failbackDifference', request: 1, volume: volumeNumber(0), chunks: [], last: true },
    } as Message);
    recording.failback.pump();
    recording.failback.lost();
    recording.go();
    expect([recording.started, recording.failback.busy, recording.state.failback]).to.deep.equal([
      [undefined],
      false,
      6,
    ]);
    expect(recording.told()).to.deep.equal(['failbackAsk']);
    for (const lab of [sending(), completing()]) {
      lab.told();
      lab.failback.lost();
      lab.go();
      expect([lab.failback.busy, lab.told(), lab.state.failback]).to.deep.equal([false, [], 6]);
      lab.start(true).differs(2, [2]);
      expect(lab.told().slice(0, 2)).to.deep.equal(['failbackAsk', 'begin 6 on 4 SSWS']);
      expect(lab.started).to.deep.equal([undefined, undefined]);
    }
  });

  it('does not forget that main has committed when the session ends while that is being recorded', () => {
    const lab = completing();
    lab.main('committed');
    lab.failback.message({ kind: 'structured', generation: generation(6) });
    lab.failback.lost();
    expect(lab.failback.busy).to.equal(true);
    lab.go();
    expect([lab.state.takenOver, lab.failback.busy]).to.deep.equal([false, false]);
    const failing = sending();
    failing.failback.message({ kind: 'abandon', generation: generation(6), code: 1, state: 'PSUE' });
    failing.failback.lost();
    expect(failing.failback.busy).to.equal(true);
    failing.go();
    expect([failing.given.length, failing.failback.busy]).to.deep.equal([1, false]);
  });

  it('takes commit and structuring for its own generation, in their order, and once', () => {
    const lab = completing();
    lab.main('structured');
    lab.main('committed', 5);
    lab.main('structured');
    expect(lab.state.takenOver).to.equal(true);
    lab.main('committed');
    lab.main('structured', 5);
    expect(lab.state.takenOver).to.equal(true);
    lab.says({ kind: 'abandon', generation: generation(6), code: 1, state: 'PSUE' });
    lab.says({ kind: 'completeRefused', generation: generation(6), code: 1 });
    expect([lab.given, lab.told()], 'too late').to.deep.equal([[], []]);
    lab.main('structured');
    expect(lab.state.takenOver).to.equal(false);
  });

  it('believes main that it has committed already when it begins again', () => {
    const lab = sending();
    lab.main('committed');
    lab.told();
    lab.stored(1, 2);
    expect(lab.told(), 'no complete').to.deep.equal([]);
    lab.main('structured');
    expect(lab.state.takenOver).to.equal(false);
  });
});
