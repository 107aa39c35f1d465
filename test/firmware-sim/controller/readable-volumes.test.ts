import { expect } from 'chai';
import { Geometry } from '../../../firmware-sim/controller/geometry.js';
import {
  carryOutRead,
  type ReadableVolumes,
  type ReadCommand,
  scanDigests,
} from '../../../firmware-sim/controller/readable-volumes.js';
import { contentDigests, RangeDigest } from '../../../protocol/digest.js';
import { blockNumber, generation, volumeNumber } from '../../../protocol/ids.js';
import type { MessageNamed } from '../../../protocol/message/messages.js';
import { decodeLbaStatus } from '../../../protocol/scsi/capacity-data.js';
import type { Completion } from '../../../protocol/scsi/commands.js';
import { checkCondition } from '../../../protocol/scsi/conditions.js';

const good: Completion = { status: 'good', data: new Uint8Array(0) };
const failed = checkCondition('unrecoveredReadError');

/** Volume 1 has six blocks and a short one of three sectors; blocks 1, 2 and 6 were written. */
class Volumes implements ReadableVolumes {
  readonly geometry = new Geometry(4096, [4096, 6 * 4096 + 3 * 512]);
  readonly asked: string[] = [];
  readonly content = Buffer.alloc(6 * 4096 + 3 * 512);
  failing = false;

  constructor() {
    this.content.fill('a', 4096, 2 * 4096).fill('b', 2 * 4096, 3 * 4096);
    this.content.fill('c', 6 * 4096);
  }

  read(range: { volume: number; lba: number; sectors: number }, answer: (completion: Completion) => void): void {
    this.#read('as a host', range, answer);
  }

  readMedium(range: { volume: number; lba: number; sectors: number }, answer: (completion: Completion) => void): void {
    this.#read('medium', range, answer);
  }

  nextOccupied(volume: number, from: number, countMax: number, end: number) {
    const written = volume === 1 ? [1, 2, 6] : [];
    const first = written.find((block) => block >= from && block < end);
    if (first === undefined) return undefined;
    const count = first === 1 && countMax > 1 && end > 2 ? 2 : 1;
    return { first, count };
  }

  knownZeros(): number {
    return 0;
  }

  #read(
    how: string,
    { volume, lba, sectors }: { volume: number; lba: number; sectors: number },
    answer: (completion: Completion) => void,
  ): void {
    this.asked.push(`${how}: ${volume}: ${lba}+${sectors}`);
    answer(this.failing ? failed : { status: 'good', data: this.content.subarray(lba * 512, (lba + sectors) * 512) });
  }
}

function ended(volumes: Volumes, command: ReadCommand): Completion {
  const answers: Completion[] = [];
  carryOutRead(volumes, { volume: 1, command, isAwaited: () => true }, (completion) => answers.push(completion));
  const [answer, ...more] = answers;
  if (answer === undefined || more.length > 0) throw new Error(`${answers.length} answers`);
  return answer;
}

function statusesFrom(lba: number, allocationBytes = 4096) {
  const completion = ended(new Volumes(), { op: 'getLbaStatus', lba, allocationBytes });
  if (completion.status !== 'good') throw new Error('refused');
  expect(completion.data.length).to.be.at.most(allocationBytes);
  return decodeLbaStatus(completion.data).map((run) => `${run.lba}+${run.sectors} ${run.status}`);
}

describe('a command that reads a volume', () => {
  it('is answered with what a host reads', () => {
    const volumes = new Volumes();
    const data = volumes.content.subarray(7 * 512, 17 * 512);
    expect(ended(volumes, { op: 'read', lba: 7, sectors: 10 })).to.deep.equal({ status: 'good', data });
    expect(volumes.asked).to.deep.equal(['as a host: 1: 7+10']);
  });

  it('verifies by reading, and compares where it has data', () => {
    const volumes = new Volumes();
    const verify = { op: 'verify', lba: 7, sectors: 2 } as const;
    expect(ended(volumes, verify)).to.deep.equal(good);
    expect(volumes.asked).to.deep.equal(['as a host: 1: 7+2']);
    const data = Buffer.from(volumes.content.subarray(7 * 512, 9 * 512));
    expect(ended(volumes, { ...verify, data })).to.deep.equal(good);
    data.writeUInt8(1, 1000);
    expect(ended(volumes, { ...verify, data })).to.deep.equal(checkCondition('miscompare', { information: 1000 }));
    volumes.failing = true;
    expect(ended(volumes, verify)).to.deep.equal(failed);
    expect(ended(volumes, { ...verify, data })).to.deep.equal(failed);
  });

  it('has nothing to flush: what was acknowledged is durable', () => {
    const volumes = new Volumes();
    expect(ended(volumes, { op: 'synchronizeCache', lba: 0, sectors: 0 })).to.deep.equal(good);
    expect(volumes.asked).to.deep.equal([]);
  });

  it('tells which sectors are mapped, by blocks, up to the end of the volume', () => {
    const rest = ['24+24 deallocated', '48+3 mapped'];
    expect(statusesFrom(0)).to.deep.equal(['0+8 deallocated', '8+16 mapped', ...rest]);
    expect(statusesFrom(5)).to.deep.equal(['5+3 deallocated', '8+16 mapped', ...rest]);
    expect(statusesFrom(11)).to.deep.equal(['11+13 mapped', ...rest]);
    expect(statusesFrom(50)).to.deep.equal(['50+1 mapped']);
  });

  it('tells no more runs than there is room for', () => {
    expect(statusesFrom(0, 40)).to.deep.equal(['0+8 deallocated', '8+16 mapped']);
    expect(statusesFrom(0, 24)).to.deep.equal(['0+8 deallocated']);
  });
});

describe('the digests of a volume', () => {
  const request = (first: number, count: number): MessageNamed<'getDigests'> => {
    const place = { volume: volumeNumber(1), first: blockNumber(first), count, partBlocks: count };
    return { kind: 'getDigests', request: 1, generation: generation(1), ...place };
  };

  it('are of the medium, the short block at the end padded with zeros', () => {
    const volumes = new Volumes();
    const digests: (readonly Uint8Array[] | undefined)[] = [];
    scanDigests(volumes, request(1, 6), (each) => digests.push(each));
    const padded = Buffer.concat([volumes.content, Buffer.alloc(5 * 512)]);
    const range = new RangeDigest();
    for (const block of [1, 2, 6]) {
      range.add(block, contentDigests(padded.subarray(block * 4096, (block + 1) * 4096), 4096));
    }
    expect(digests).to.deep.equal([[range.finish()]]);
    expect(volumes.asked).to.deep.equal(['medium: 1: 8+16', 'medium: 1: 48+3']);
  });

  it('are none when the medium fails', () => {
    const volumes = new Volumes();
    volumes.failing = true;
    const digests: (readonly Uint8Array[] | undefined)[] = [];
    scanDigests(volumes, request(0, 7), (each) => digests.push(each));
    expect(digests).to.deep.equal([undefined]);
  });
});
