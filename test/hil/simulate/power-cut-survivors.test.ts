import { expect } from 'chai';
import fc from 'fast-check';
import type { FaultyDisk } from '../../../hil/simulate/faulty-disk.js';
import type { Survival } from '../../../hil/simulate/plan.js';
import type { MediumCommand } from '../../../protocol/scsi/commands.js';
import { DiskTimeline, type Ended, firstBytes, flush, unmap, write } from './disk-timeline.js';

const sectors = 24;
const seeds = Array.from({ length: 400 }, (_, seed) => seed);
const cuts = (disk: FaultyDisk, survival: Omit<Survival, 'seed'>, count: number, lba = 0) =>
  new Set(seeds.map((seed) => firstBytes(disk.afterPowerCut({ ...survival, seed }), lba, count).join(' ')));

/** What each sector may be after a power cut, told from the commands alone: nothing of how the disk does it. */
class Reference {
  /** By sector: the values that may be there. The first is durable, the last is the newest. */
  readonly versions: { value: number; ended: boolean; write: number }[][] = Array.from({ length: sectors }, () => [
    { value: 0, ended: true, write: 0 },
  ]);

  write(lba: number, count: number, value: number, write: number): void {
    for (let at = lba; at < lba + count; at += 1) this.versions[at]?.push({ value, ended: false, write });
  }

  end(write: number): void {
    for (const each of this.versions.flat()) if (each.write === write) each.ended = true;
  }

  /** These writes are durable. */
  settle(writes: ReadonlySet<number>): void {
    for (const [at, versions] of this.versions.entries()) {
      const last = versions.findLastIndex(({ write }) => writes.has(write));
      if (last > 0) this.versions[at] = versions.slice(last);
    }
  }

  ended(): Set<number> {
    return new Set(this.versions.flat().flatMap(({ ended, write: number }) => (ended && number > 0 ? [number] : [])));
  }
}

type Action =
  | { readonly kind: 'write'; readonly lba: number; readonly sectors: number; readonly how: 'plain' | 'fua' | 'zero' }
  | { readonly kind: 'flush' }
  | { readonly kind: 'pass'; readonly us: number }
  | { readonly kind: 'cut'; readonly seed: number };
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .record({
        lba: fc.nat(sectors - 1),
        length: fc.integer({ min: 1, max: 6 }),
        how: fc.constantFrom('plain' as const, 'fua' as const, 'zero' as const),
      })
      .map(({ lba, length, how }) => ({ kind: 'write' as const, lba, sectors: Math.min(length, sectors - lba), how })),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'flush' as const }) },
  { weight: 5, arbitrary: fc.integer({ min: 1, max: 40 }).map((us) => ({ kind: 'pass' as const, us })) },
  { weight: 1, arbitrary: fc.nat(1000).map((seed) => ({ kind: 'cut' as const, seed })) },
);

/** Plays the actions on a disk and in the reference, and holds every power cut to what may be there. */
function play(actions: readonly Action[], check: (disk: FaultyDisk, reference: Reference) => void): void {
  const line = new DiskTimeline({ bytes: sectors * 512 });
  const reference = new Reference();
  let number = 0;
  let underWay: { ended: Ended; onEnd: () => void }[] = [];
  for (const each of actions) {
    if (each.kind === 'write') {
      number += 1;
      const [write, value] = [number, each.how === 'zero' ? 0 : 1 + (number % 255)];
      reference.write(each.lba, each.sectors, value, write);
      const ended = line.begin(commandOf(each, value));
      const onEnd = () => {
        reference.end(write);
        if (each.how === 'fua') reference.settle(new Set([write]));
      };
      underWay.push({ ended, onEnd });
    } else if (each.kind === 'flush') {
      const covered = reference.ended();
      underWay.push({ ended: line.begin(flush), onEnd: () => reference.settle(covered) });
    } else if (each.kind === 'cut') {
      line.disk.powerCut({ sectors: 'some', torn: 'parts', seed: each.seed });
      underWay = [];
      for (const [at, value] of firstBytes(line.disk, 0, sectors).entries()) {
        expect(reference.versions[at]?.map((version) => version.value)).to.include(value);
        reference.versions[at] = [{ value, ended: true, write: 0 }];
      }
    } else {
      // One microsecond at a time, so that those that end together do so in order of begin, as on the disk.
      for (let us = 0; us < each.us; us += 1) {
        line.pass(1);
        for (const { ended, onEnd } of underWay) if (ended.completion !== undefined) onEnd();
        underWay = underWay.filter(({ ended }) => ended.completion === undefined);
      }
    }
    check(line.disk, reference);
  }
}

function commandOf(each: Extract<Action, { kind: 'write' }>, value: number): MediumCommand {
  return each.how === 'zero' ? unmap(each.lba, each.sectors) : write(each.lba, each.sectors, value, each.how === 'fua');
}

describe('what survives a power cut', () => {
  it('is durable at least, in versions that were written since, and never an older one', () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 40 }), fc.nat(), (actions, seed) => {
        play(actions, (disk, { versions }) => {
          const values = versions.map((each) => each.map(({ value }) => value));
          expect(firstBytes(disk, 0, sectors)).to.deep.equal(values.map((each) => each.at(-1)));
          const cut = (survival: Survival) => firstBytes(disk.afterPowerCut(survival), 0, sectors);
          expect(cut({ sectors: 'none', torn: 'no', seed })).to.deep.equal(values.map((each) => each[0]));
          expect(cut({ sectors: 'all', torn: 'no', seed })).to.deep.equal(values.map((each) => each.at(-1)));
          for (const torn of ['no', 'prefix', 'suffix', 'parts'] as const) {
            for (const [at, value] of cut({ sectors: 'some', torn, seed }).entries()) {
              expect(values[at]).to.include(value);
            }
          }
          expect(new Set(disk.riskSectors.map(({ lba }) => lba)).size).to.equal(
            versions.filter((each) => each.length > 1).length,
          );
        });
      }),
      { numRuns: 120 },
    );
  });

  it('is every subset of the sectors at risk, told one by one', () => {
    const line = new DiskTimeline();
    line.run(write(0, 2, 1));
    line.run(write(1, 2, 2));
    expect(line.disk.riskSectors.map(({ lba, write: number }) => [lba, number])).to.deep.equal([
      [0, 0],
      [1, 0],
      [1, 1],
      [2, 1],
    ]);
    const found = new Set<string>();
    for (let bits = 0; bits < 16; bits += 1) {
      const disk = line.disk.afterCut({ keep: (index) => ((bits >>> index) & 1) === 1 });
      found.add(firstBytes(disk, 0, 3).join(' '));
    }
    const all = [0, 1].flatMap((first) => [0, 1, 2].flatMap((second) => [0, 2].map((third) => [first, second, third])));
    expect([...found]).to.have.members(all.map((each) => each.join(' ')));
  });

  it('is by draw any subset too, when it is some', () => {
    const line = new DiskTimeline();
    line.run(write(0, 4, 1));
    expect(cuts(line.disk, { sectors: 'some', torn: 'no' }, 4).size).to.equal(16);
  });

  it('is the first part of a torn write, or the last part, or a mixture, never all nor none of it', () => {
    const line = new DiskTimeline();
    line.run(write(0, 4, 1));
    const of = (torn: Survival['torn']) => [...cuts(line.disk, { sectors: 'none', torn }, 4)];
    expect(of('prefix')).to.have.members(['1 0 0 0', '1 1 0 0', '1 1 1 0']);
    expect(of('suffix')).to.have.members(['0 0 0 1', '0 0 1 1', '0 1 1 1']);
    expect(of('parts')).to.have.length(14);
    expect(of('parts')).not.to.include.members(['0 0 0 0']);
    expect([...cuts(line.disk, { sectors: 'all', torn: 'prefix' }, 4)]).to.have.members(of('prefix'));
  });

  it('tears a write under way rather than one that had ended', () => {
    const line = new DiskTimeline();
    line.run(write(0, 2, 1));
    line.begin(write(4, 2, 2, true));
    for (const torn of ['prefix', 'suffix', 'parts', 'garbage'] as const) {
      for (const found of cuts(line.disk, { sectors: 'all', torn }, 6)) expect(found).to.match(/^1 1 0 0 /);
      for (const seed of seeds) {
        const disk = line.disk.afterPowerCut({ sectors: 'all', torn, seed });
        expect(disk.peek(4, 2).every((byte) => byte === 2)).to.equal(false);
      }
    }
  });

  it('is one whole sector of other bytes in a write that was being made, and no sector beside it', () => {
    const line = new DiskTimeline();
    line.run(write(0, 8, 1));
    line.run(flush);
    line.run(write(2, 3, 2));
    const places = new Set<number>();
    for (const seed of seeds.slice(0, 60)) {
      const disk = line.disk.afterPowerCut({ sectors: 'all', torn: 'garbage', seed });
      const wrong = [0, 1, 2, 3, 4, 5, 6, 7].filter((lba) => {
        const fill = lba < 2 || lba > 4 ? 1 : 2;
        return !disk.peek(lba, 1).every((byte) => byte === fill);
      });
      expect(wrong).to.have.length(1);
      expect(new Set(disk.peek(wrong[0] ?? 0, 1)).size).to.be.greaterThan(100);
      places.add(wrong[0] ?? 0);
    }
    expect([...places]).to.have.members([2, 3, 4]);
  });

  it('is other bytes where it is told', () => {
    const line = new DiskTimeline();
    line.run(write(0, 2, 1));
    const cut = (seed: number) => line.disk.afterCut({ keep: () => false, garbage: { riskIndex: 1, seed } });
    expect(firstBytes(cut(1), 0, 1)).to.deep.equal([0]);
    expect(cut(1).fingerprint()).to.equal(cut(1).fingerprint());
    expect(cut(1).fingerprint()).not.to.equal(cut(2).fingerprint());
  });

  it('is the durable contents alone when nothing is at risk, whatever is torn', () => {
    const line = new DiskTimeline();
    line.run(write(0, 2, 1));
    line.run(flush);
    for (const torn of ['no', 'prefix', 'suffix', 'parts', 'garbage'] as const) {
      expect([...cuts(line.disk, { sectors: 'some', torn }, 3)]).to.deep.equal(['1 1 0']);
    }
  });

  it('costs no more for zeros as long as the disk', () => {
    const line = new DiskTimeline({ bytes: 2 ** 40 });
    line.run(write(2 ** 31 - 1, 1, 1, true));
    line.run(unmap(0, 2 ** 31));
    expect(line.disk.riskSectors).to.have.length(64);
    expect(firstBytes(line.disk.afterPowerCut({ sectors: 'all', torn: 'no', seed: 1 }), 2 ** 31 - 1, 1)).to.deep.equal([
      0,
    ]);
    expect(cuts(line.disk, { sectors: 'none', torn: 'prefix' }, 1, 2 ** 31 - 1)).to.deep.equal(new Set(['1']));
  });
});
