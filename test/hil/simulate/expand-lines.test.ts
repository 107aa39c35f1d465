import { expect } from 'chai';
import { Random } from '../../../hil/random.js';
import { drawLineEffect, type LineFaultOptions, lineFaults } from '../../../hil/simulate/expand-lines.js';
import { type LineEffectKind, planSchema } from '../../../hil/simulate/plan.js';

const faultSchema = planSchema.shape.faults.element;
const kinds: readonly LineEffectKind[] = [
  ...(['flip', 'burst', 'dropBytes', 'duplicateBytes', 'insertBytes', 'dropFrame', 'duplicateFrame'] as const),
  ...(['delimiter', 'length', 'checksum', 'forge', 'stale', 'stall', 'overrun', 'disconnect'] as const),
];
const options: LineFaultOptions = {
  frames: 1000,
  lines: [
    ['remote', 'there'],
    ['remote', 'back'],
    ['host', 'there'],
  ],
  kinds,
};
const faultsOf = (seed: number, changed: Partial<LineFaultOptions> = {}) =>
  lineFaults(new Random(seed), { ...options, ...changed });

describe('faults of lines out of a seed', () => {
  it('are what a plan may hold, of all kinds, on all lines, on frames in range', () => {
    const faults = [1, 2, 3, 4].flatMap((seed) => faultsOf(seed));
    for (const fault of faults) expect(faultSchema.parse(fault)).to.deep.equal(fault);
    expect(new Set(faults.map(({ effect }) => effect.kind))).to.deep.equal(new Set(kinds));
    expect(new Set(faults.map(({ line, direction }) => `${line} ${direction}`)).size).to.equal(3);
    expect(Math.max(...faults.map(({ frame }) => frame))).to.be.within(900, 1000);
  });

  it('are the same for the same seed, and others for another', () => {
    expect(faultsOf(7)).to.deep.equal(faultsOf(7));
    expect(faultsOf(7)).to.not.deep.equal(faultsOf(8));
  });

  it('of one kind stay the same when another kind or line is left out', () => {
    let compared = 0;
    for (let seed = 0; seed < 5; seed += 1) {
      const all = faultsOf(seed).filter(({ line, effect }) => line === 'host' && effect.kind === 'burst');
      expect(faultsOf(seed, { kinds: ['burst'], lines: [['host', 'there']] })).to.deep.equal(all);
      compared += all.length;
    }
    expect(compared).to.be.greaterThan(10);
  });

  it('come at rates from one frame in ten to one in two thousand', () => {
    const shares = Array.from({ length: 40 }, (_, seed) => {
      const found = faultsOf(seed, { kinds: ['length'], lines: [['host', 'there']], frames: 20_000 });
      return found.length / 20_000;
    });
    expect(Math.max(...shares)).to.be.within(0.06, 0.11);
    expect(Math.min(...shares)).to.be.within(0.0002, 0.001);
  });

  it('have parameters within their bounds, up to the ends', () => {
    const random = new Random('effects');
    const drawn = kinds.flatMap((kind) => Array.from({ length: 2000 }, () => drawLineEffect(random, kind)));
    const spread = (numbers: readonly number[]) => [Math.min(...numbers), Math.max(...numbers)];
    const of = <K extends LineEffectKind>(kind: K) =>
      drawn.filter((each): each is Extract<typeof each, { kind: K }> => each.kind === kind);
    expect(spread(of('flip').map(({ bits }) => bits.length))).to.deep.equal([1, 16]);
    expect(spread(of('stale').map(({ framesAgo }) => framesAgo))).to.deep.equal([1, 60]);
    const [stallMin = 0, stallMax] = spread(of('stall').map(({ us }) => us));
    expect(stallMin).to.be.within(1000, 1100);
    expect(stallMax).to.equal(3_000_000);
    const [cutMin = 0, cutMax] = spread(of('disconnect').map(({ us }) => us));
    expect(cutMin).to.be.within(1000, 1100);
    expect(cutMax).to.equal(20_000_000);
  });
});
