import { expect } from 'chai';
import fc from 'fast-check';
import { CachedWrites } from '../../../firmware-sim/storage/cached-writes.js';
import type { MediumCommand } from '../../../protocol/scsi/commands.js';

const sectors = 24;
const owner = (name: string) => ({ name, resume: () => {} });
const sector = (letter: string) => Buffer.alloc(512, letter);
const write = (lba: number, letters: string): MediumCommand => ({
  ...{ op: 'write', lba, data: Buffer.concat(Array.from(letters, sector)) },
});
const unmap = (...ranges: (readonly [number, number])[]): MediumCommand => ({
  ...{ op: 'unmap', ranges: ranges.map(([lba, count]) => ({ lba, sectors: count })) },
});
const same = (lba: number, count: number, letter: string): MediumCommand => ({
  ...{ op: 'writeSame', lba, sectors: count, pattern: sector(letter), unmap: false },
});

/** The medium after these commands, in this order: a letter for each sector, a dot for zeros. */
function medium(commands: Iterable<MediumCommand>): string {
  const letters = Array.from({ length: sectors }, () => '-');
  for (const each of commands) {
    if (each.op === 'unmap') for (const { lba, sectors: count } of each.ranges) letters.fill('.', lba, lba + count);
    else if (each.op === 'writeSame')
      letters.fill(String.fromCharCode(each.pattern[0] ?? 0), each.lba, each.lba + each.sectors);
    else if (each.op === 'write') {
      for (let at = 0; at < each.data.length; at += 512)
        letters[each.lba + at / 512] = String.fromCharCode(each.data[at] ?? 0);
    }
  }
  return letters.join('');
}

const place = fc.tuple(fc.nat(15), fc.integer({ min: 1, max: 8 }));
const letter = fc.constantFrom(...'abcdefgh');
const command = fc.oneof(
  fc
    .tuple(fc.nat(15), fc.array(letter, { minLength: 1, maxLength: 8 }))
    .map(([lba, text]) => write(lba, text.join(''))),
  fc.tuple(place, letter).map(([[lba, count], text]) => same(lba, count, text)),
  fc.array(place, { minLength: 1, maxLength: 3 }).map((ranges) => unmap(...ranges)),
);

describe('the writes that a disk holds in its cache', () => {
  it('give the medium that they gave, in whatever order they are written again', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 12 }), fc.infiniteStream(fc.nat()), (commands, keys) => {
        const cached = new CachedWrites();
        for (const each of commands) cached.add(each, owner('w'));
        const kept = [...cached].map((each) => ({ each, key: keys.next().value as number }));
        const shuffled = kept.sort((a, b) => a.key - b.key).map(({ each }) => each);
        expect(medium(shuffled)).to.equal(medium(commands));
      }),
      { numRuns: 1000 },
    );
  });

  it('are, of one that is overwritten in part, what is left of it, and still its owner’s', () => {
    const cached = new CachedWrites();
    const [first, second] = [owner('first'), owner('second')];
    cached.add(write(0, 'abcdef'), first);
    cached.add(write(2, 'XY'), second);
    const kept = [...cached].map((each) => [each, cached.ownerOf(each)?.name]);
    expect(kept).to.deep.equal([
      [write(0, 'ab'), 'first'],
      [write(4, 'ef'), 'first'],
      [write(2, 'XY'), 'second'],
    ]);
    cached.add(unmap([0, 6]), second);
    expect([...cached]).to.deep.equal([unmap([0, 6])]);
  });

  it('are durable with a flush that was issued before one of them was overwritten, as far as they had ended', () => {
    const cached = new CachedWrites();
    const late = write(20, 'z');
    cached.add(write(0, 'abc'), owner('first'));
    cached.add(late, owner('late'));
    cached.cover(() => new Set([late]));
    cached.add(write(1, 'X'), owner('second'));
    cached.flushed();
    expect([...cached]).to.deep.equal([late, write(1, 'X')]);
  });

  it('are none that force unit access, and nothing that changes no medium', () => {
    const cached = new CachedWrites();
    cached.add({ op: 'write', lba: 0, data: sector('a'), fua: true }, owner('meta'));
    cached.add({ op: 'read', lba: 0, sectors: 1 }, owner('read'));
    expect([cached.size, [...cached]]).to.deep.equal([0, []]);
  });
});
