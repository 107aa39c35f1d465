import { expect } from 'chai';
import { Geometry } from '../../../firmware-sim/controller/geometry.js';
import type { ReadableVolumes, SectorRange } from '../../../firmware-sim/controller/readable-volumes.js';
import { VerifyScan } from '../../../firmware-sim/controller/verify-scan.js';
import type { Completion } from '../../../protocol/scsi/commands.js';
import { checkCondition } from '../../../protocol/scsi/conditions.js';

const good: Completion = { status: 'good', data: new Uint8Array(0) };

/** Volume 1 has blocks of 4 KiB, 256 of which are one transfer; what is read of it ends when a test says so, or at once. */
class Volumes implements ReadableVolumes {
  readonly geometry: Geometry;
  readonly asked: string[] = [];
  readonly #waiting: ((completion: Completion) => void)[] = [];
  endsAtOnce = false;
  zeros: { readonly first: number; readonly count: number } = { first: 0, count: 0 };

  constructor(bytes = 2 ** 30) {
    this.geometry = new Geometry(4096, [4096, bytes]);
  }

  read({ volume, lba, sectors }: SectorRange, answer: (completion: Completion) => void): void {
    this.asked.push(`${volume}: ${lba}+${sectors}`);
    if (this.endsAtOnce) answer(good);
    else this.#waiting.push(answer);
  }

  /** Ends the read that waits. */
  end(completion = good): void {
    expect(this.#waiting.length, 'one at a time').to.equal(1);
    this.#waiting.shift()?.(completion);
  }

  readMedium(): void {
    throw new Error('a host reads');
  }

  nextOccupied(): undefined {
    throw new Error('a host reads all there is');
  }

  knownZeros(volume: number, first: number, countMax: number): number {
    const { first: from, count } = this.zeros;
    return volume === 1 && first >= from && first < from + count ? Math.min(countMax, from + count - first) : 0;
  }
}

function verifying(volumes: Volumes, lba: number, sectors: number, isAwaited = () => true): Completion[] {
  const answers: Completion[] = [];
  new VerifyScan(volumes, { volume: 1, lba, sectors, isAwaited }, (each) => answers.push(each)).start();
  return answers;
}

describe('VERIFY without data', () => {
  it('reads its range in pieces of one transfer, one after the other, up to its ends', () => {
    const volumes = new Volumes();
    const answers = verifying(volumes, 5, 4096 + 9);
    const pieces = ['1: 5+2043', '1: 2048+2048', '1: 4096+14'];
    for (const [index] of pieces.entries()) {
      expect([volumes.asked, answers]).to.deep.equal([pieces.slice(0, index + 1), []]);
      volumes.end();
    }
    expect([volumes.asked, answers]).to.deep.equal([pieces, [good]]);
  });

  it('ends at the first piece that cannot be read, as that does', () => {
    const volumes = new Volumes();
    const answers = verifying(volumes, 0, 3 * 2048);
    volumes.end();
    const failed = checkCondition('unrecoveredReadError', { information: 2100 });
    volumes.end(failed);
    expect([volumes.asked.length, answers]).to.deep.equal([2, [failed]]);
  });

  it('of nothing has nothing to read', () => {
    const volumes = new Volumes();
    expect([verifying(volumes, 7, 0), volumes.asked]).to.deep.equal([[good], []]);
  });

  it('goes no deeper where reads end at once, however many there are', () => {
    const volumes = new Volumes(2 ** 36);
    volumes.endsAtOnce = true;
    expect(verifying(volumes, 0, 2 ** 27)).to.deep.equal([good]);
    expect([volumes.asked.length, volumes.asked.at(-1)]).to.deep.equal([65536, '1: 134215680+2048']);
  });

  it('passes over zeros that lie on no medium, and keeps its pieces apart around them', () => {
    for (const [lba, sectors, pieces] of [
      [0, 8 * 4, ['1: 0+32']],
      [8 * 300, 8, []],
      [8 * 300 + 3, 8, []],
      [8 * 299, 8 * 12, ['1: 2392+96']],
      [8 * 300, 8 * 12, ['1: 2480+16']],
      [8 * 309 + 7, 3, ['1: 2480+2']],
    ] as const) {
      const volumes = new Volumes();
      volumes.zeros = { first: 300, count: 10 };
      const answers = verifying(volumes, lba, sectors);
      for (const _ of pieces) volumes.end();
      expect([volumes.asked, answers], `${lba}+${sectors}`).to.deep.equal([pieces, [good]]);
    }
  });

  it('is not carried on when nobody waits for it any more', () => {
    const volumes = new Volumes();
    let isAwaited = true;
    const answers = verifying(volumes, 0, 3 * 2048, () => isAwaited);
    volumes.end();
    isAwaited = false;
    volumes.end();
    expect([volumes.asked.length, answers]).to.deep.equal([2, [{ status: 'taskAborted' }]]);
  });
});
