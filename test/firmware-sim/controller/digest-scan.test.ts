import { expect } from 'chai';
import { DigestScan, type DigestSource } from '../../../firmware-sim/controller/digest-scan.js';
import { contentDigests, RangeDigest } from '../../../protocol/digest.js';
import { blockNumber, generation, volumeNumber } from '../../../protocol/ids.js';

const blockBytes = 4096;

interface Reading {
  readonly run: { readonly first: number; readonly count: number };
  readonly then: (data: Uint8Array | undefined) => void;
}

/** Blocks full of their letter; a dot is a block that was never written. Reads end when the test says so, or at once. */
class Volume implements DigestSource {
  readonly blockBytes = blockBytes;
  readonly reading: Reading[] = [];
  readonly reads: string[] = [];
  readonly #letters: string;
  atOnce = true;
  failing = false;

  constructor(letters: string) {
    this.#letters = letters;
  }

  nextOccupied(volume: number, from: number, countMax: number, end: number) {
    expect(volume).to.equal(3);
    let first = from;
    while (first < end && this.#letters[first] === '.') first += 1;
    if (first >= end) return undefined;
    let count = 1;
    while (count < countMax && first + count < end && this.#letters[first + count] !== '.') count += 1;
    return { first, count };
  }

  read(volume: number, run: Reading['run'], then: Reading['then']): void {
    expect(volume).to.equal(3);
    this.reads.push(`${run.first}+${run.count}`);
    if (this.atOnce) then(this.failing ? undefined : this.content(run));
    else this.reading.push({ run, then });
  }

  content({ first, count }: Reading['run']): Buffer {
    return Buffer.concat(
      Array.from(this.#letters.slice(first, first + count), (letter) => Buffer.alloc(blockBytes, letter)),
    );
  }

  /** The digest over a part, of the blocks that were written. */
  digest(first: number, count: number): string {
    const range = new RangeDigest();
    for (let block = first; block < first + count; block += 1) {
      if (this.#letters[block] === '.') continue;
      range.add(block, contentDigests(this.content({ first: block, count: 1 }), blockBytes));
    }
    return Buffer.from(range.finish()).toString('hex');
  }
}

function scan(volume: Volume, { first, count, partBlocks }: { first: number; count: number; partBlocks: number }) {
  const ended: (string[] | undefined)[] = [];
  const place = { volume: volumeNumber(3), first: blockNumber(first), count, partBlocks };
  const request = { kind: 'getDigests', request: 1, generation: generation(1), ...place } as const;
  new DigestScan(volume, request, (digests) =>
    ended.push(digests?.map((each) => Buffer.from(each).toString('hex'))),
  ).start();
  return ended;
}

describe('a scan for digests', () => {
  it('gives one digest for each part, the last one shorter, of what was written there', () => {
    const volume = new Volume('ab..cd.....efg');
    const ended = scan(volume, { first: 1, count: 12, partBlocks: 5 });
    expect(ended).to.deep.equal([[volume.digest(1, 5), volume.digest(6, 5), volume.digest(11, 2)]]);
    expect(volume.reads, 'no hole').to.deep.equal(['1+1', '4+2', '11+2']);
  });

  it('reads at most 64 KiB at once', () => {
    const volume = new Volume('abcdefghijklmnopqrstuvwxyz');
    expect(scan(volume, { first: 0, count: 26, partBlocks: 26 })).to.deep.equal([[volume.digest(0, 26)]]);
    expect(volume.reads).to.deep.equal(['0+16', '16+10']);
  });

  it('reads whole blocks, one by one, when they are larger than that', () => {
    const volume = new Volume('ab');
    Object.defineProperty(volume, 'blockBytes', { value: 2 ** 20 });
    volume.failing = true;
    scan(volume, { first: 0, count: 2, partBlocks: 2 });
    expect(volume.reads).to.deep.equal(['0+1']);
  });

  it('waits for reads that take their time, and goes on one by one', () => {
    const volume = new Volume('ab.cd');
    volume.atOnce = false;
    const ended = scan(volume, { first: 0, count: 5, partBlocks: 5 });
    expect([volume.reads, ended]).to.deep.equal([['0+2'], []]);
    for (let next = volume.reading.shift(); next !== undefined; next = volume.reading.shift()) {
      next.then(volume.content(next.run));
    }
    expect([volume.reads, ended]).to.deep.equal([['0+2', '3+2'], [[volume.digest(0, 5)]]]);
  });

  it('takes a read that ends at once after one that did not', () => {
    const volume = new Volume('ab.cd.ef');
    volume.atOnce = false;
    const ended = scan(volume, { first: 0, count: 8, partBlocks: 4 });
    volume.atOnce = true;
    const [first] = volume.reading;
    first?.then(volume.content(first.run));
    expect(ended).to.deep.equal([[volume.digest(0, 4), volume.digest(4, 4)]]);
    expect(volume.reads).to.deep.equal(['0+2', '3+1', '4+1', '6+2']);
  });

  it('ends once, without digests, when a read fails, at once or later', () => {
    const volume = new Volume('ab.cd');
    volume.failing = true;
    expect(scan(volume, { first: 0, count: 5, partBlocks: 2 })).to.deep.equal([undefined]);
    expect(volume.reads).to.deep.equal(['0+2']);
    const late = new Volume('ab.cd');
    late.atOnce = false;
    const ended = scan(late, { first: 0, count: 5, partBlocks: 2 });
    late.reading[0]?.then(undefined);
    expect([ended, late.reads]).to.deep.equal([[undefined], ['0+2']]);
  });

  it('reads nothing of a range that was never written, however long', () => {
    const volume = new Volume('.'.repeat(1000));
    const empty = Buffer.from(new RangeDigest().finish()).toString('hex');
    expect(scan(volume, { first: 0, count: 1000, partBlocks: 500 })).to.deep.equal([[empty, empty]]);
    expect(volume.reads).to.deep.equal([]);
  });
});
