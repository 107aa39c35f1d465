import { expect } from 'chai';
import { Random } from '../../../hil/random.js';
import { diskFaults, survivalOf } from '../../../hil/simulate/expand-disks.js';
import { type DiskEffectKind, planSchema, type Site } from '../../../hil/simulate/plan.js';

const kinds: readonly DiskEffectKind[] = ['error', 'sticky', 'corrupt', 'lose', 'misdirect', 'stale', 'slow', 'reset'];
const disks: readonly (readonly [Site, string])[] = [
  ['main', 'meta'],
  ['main', 'primary0'],
  ['sub', 'staging0'],
];
const drawn = (seed: number, options: Partial<Parameters<typeof diskFaults>[1]> = {}) =>
  diskFaults(new Random(seed), { commands: 200, disks, kinds, ...options });
const { faults: faultsSchema } = planSchema.shape;

describe('disk faults drawn from a seed', () => {
  it('are faults of a plan, of every kind and on every disk, each at a command within reach', () => {
    const faults = Array.from({ length: 40 }, (_, seed) => drawn(seed)).flat();
    expect(faultsSchema.parse(faults)).to.deep.equal(faults);
    expect(new Set(faults.map(({ effect }) => effect.kind))).to.deep.equal(new Set(kinds));
    expect(new Set(faults.map(({ site, disk }) => `${site} ${disk}`)).size).to.equal(disks.length);
    for (const { nth } of faults) expect(nth).to.be.within(1, 200);
    expect(faults.some(({ nth }) => nth === 1)).to.equal(true);
    expect(faults.some(({ nth }) => nth === 200)).to.equal(true);
  });

  it('come at rates from one in three to one in two hundred', () => {
    const counts = Array.from({ length: 60 }, (_, seed) => drawn(seed, { kinds: ['stale'], disks: [['sub', 'meta']] }));
    const lengths = counts.map(({ length }) => length).sort((a, b) => a - b);
    expect(lengths[0]).to.be.lessThan(4);
    expect(lengths.at(-1)).to.be.within(40, 110);
  });

  it('are the same for the same seed, and stay where they are when there is a disk or a kind more', () => {
    expect(drawn(5)).to.deep.equal(drawn(5));
    expect(drawn(5)).not.to.deep.equal(drawn(6));
    expect(drawn(5)).to.include.deep.members(drawn(5, { disks: disks.slice(1) }));
    expect(drawn(5)).to.include.deep.members(drawn(5, { kinds: ['slow', 'error'] }));
  });

  it('never meet an operation where they do nothing', () => {
    const places = new Set(
      Array.from({ length: 40 }, (_, seed) => drawn(seed))
        .flat()
        .map(({ effect, operation }) => `${effect.kind} ${operation}`),
    );
    for (const idle of ['lose read', 'corrupt flush', 'misdirect flush', 'stale write', 'stale flush']) {
      expect(places).not.to.include(idle);
    }
    expect(places.size).to.equal(3 * 3 + 4 * 2 + 1);
  });

  it('come with survivals of every kind', () => {
    const random = new Random('survivals');
    const found = Array.from({ length: 300 }, () => survivalOf(random));
    expect(new Set(found.map(({ sectors, torn }) => `${sectors} ${torn}`)).size).to.equal(15);
    expect(new Set(found.map(({ seed }) => seed)).size).to.equal(300);
  });
});
