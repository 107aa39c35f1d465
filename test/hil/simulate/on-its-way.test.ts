/** An image on its way, seen from both ends: what counts as sent at main and is not at the sub, and what is staged there. */
import { expect } from 'chai';
import { ReplicaState } from '../../../firmware-sim/replica/replica-state.js';
import { OnItsWay } from '../../../hil/simulate/on-its-way.js';
import { blockNumber, epoch, generation, type Method, volumeNumber } from '../../../protocol/ids.js';
import { commitDigest, digestsOf, StateLab } from '../../firmware-sim/main/state-lab.js';

const blocks = ({ volume, block }: { readonly volume: number; readonly block: number }) => `${volume}:${block}`;

/** Main and its sub, record by record. */
class Ends {
  readonly main: StateLab;
  readonly replica = new ReplicaState();
  readonly way = new OnItsWay();

  constructor(method: Method = 'differential') {
    this.main = new StateLab(method);
    this.replica.resize(2);
  }

  begin(number: number): this {
    const of = { epoch: epoch(1), generation: generation(number), base: generation(0), full: true };
    this.replica.apply({ kind: 'begun', ...of });
    return this;
  }

  stage(number: number, first: number, slot: number, letters: string): this {
    const run = { volume: volumeNumber(0), first: blockNumber(first), count: letters.length, slot };
    this.replica.apply({ kind: 'staged', generation: generation(number), ...run, digests: digestsOf(letters) });
    return this;
  }

  drop(number: number): this {
    this.replica.apply({ kind: 'dropped', generation: generation(number) });
    return this;
  }

  /** The first block that has come to count as sent and is not there. */
  missing(): string | undefined {
    this.way.follow(this.replica);
    const at = this.way.sentAndNotThere(this.main.state, this.replica);
    return at && blocks(at);
  }

  /** What has been staged since the last look; `!`: of the frozen generation, `≠`: counts as sent with other content. */
  staged(): string[] {
    this.way.follow(this.replica);
    return [...this.way.staged(this.main.state, this.replica)].map(
      (each) => `${blocks(each)}${each.isFrozen ? '!' : ''}${each.isOther ? '≠' : ''}`,
    );
  }
}

const frozen = () => {
  const ends = new Ends();
  ends.main.changing(2, 3).frozen(1, { full: true });
  return ends.begin(1);
};

describe('a block that counts as sent', () => {
  it('has to be staged when it comes to count, and is not looked at again', () => {
    const ends = frozen().stage(1, 2, 0, 'a');
    ends.main.sent(1, 2, 'ab');
    expect(ends.missing()).to.equal('0:3');
    expect(ends.missing(), 'looked at').to.equal(undefined);
    ends.stage(1, 4, 1, 'c').main.sent(1, 4, 'c');
    expect(ends.missing()).to.equal(undefined);
  });

  it('is one that streams, too', () => {
    const ends = new Ends('streaming');
    ends.main.changing(2, 3);
    ends.begin(1).main.sent(1, 2, 'a');
    expect(ends.missing()).to.equal('0:2');
  });

  it('is nobody’s fault where the sub has let its staging go, or begun nothing', () => {
    const ends = frozen().stage(1, 2, 0, 'abc');
    expect(ends.missing()).to.equal(undefined);
    ends.drop(1);
    expect(ends.missing()).to.equal(undefined);
    ends.begin(1).main.sent(1, 2, 'abc');
    expect(ends.missing()).to.equal(undefined);
    const early = new Ends();
    early.main.changing(2, 3).frozen(1, { full: true }).sent(1, 2, 'a');
    expect(early.missing()).to.equal(undefined);
  });

  it('was recorded before a power cut: main is not held to it as it comes back', () => {
    const ends = frozen();
    ends.way.lostMain();
    ends.main.sent(1, 2, 'a');
    expect(ends.missing()).to.equal(undefined);
    ends.main.sent(1, 3, 'b');
    expect(ends.missing(), 'what counts from then on').to.equal('0:3');
  });

  it('is one of the next generation anew', () => {
    const ends = frozen().stage(1, 2, 0, 'abc');
    ends.main.sent(1, 2, 'abc');
    expect(ends.missing()).to.equal(undefined);
    ends.main.apply({ kind: 'committed', generation: generation(1), digest: commitDigest });
    ends.main.changing(2, 1).frozen(2);
    ends.begin(2).main.sent(2, 2, 'd');
    expect(ends.missing()).to.equal('0:2');
  });
});

describe('what is staged', () => {
  it('is told once, and again in another slot', () => {
    const ends = frozen().stage(1, 2, 0, 'ab');
    expect(ends.staged()).to.deep.equal(['0:2!', '0:3!']);
    expect(ends.staged()).to.deep.equal([]);
    ends.stage(1, 3, 5, 'x');
    expect(ends.staged()).to.deep.equal(['0:3!']);
  });

  it('is told from what is not of the generation, and from what main counts with other content', () => {
    const ends = frozen();
    ends.main.sent(1, 2, 'ab');
    ends.stage(1, 2, 0, 'aX').stage(1, 9, 4, 'c');
    expect(ends.staged()).to.deep.equal(['0:2!', '0:3!≠', '0:9']);
  });

  it('counts only for the generation that main sends', () => {
    const ends = frozen();
    ends.begin(2).stage(2, 2, 0, 'a');
    expect(ends.staged()).to.deep.equal([]);
  });
});
