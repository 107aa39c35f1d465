import { expect } from 'chai';
import fc from 'fast-check';
import {
  aggregate,
  type BlockState,
  countStates,
  encodeStates,
  stateLetters,
  stateRuns,
} from '../../../hil/report/block-states.js';

const runs = fc.array(fc.record({ state: fc.constantFrom(...stateLetters), count: fc.nat(300) }), { maxLength: 40 });
const expanded = (list: Iterable<{ state: BlockState; count: number }>): string =>
  [...list].map(({ state, count }) => state.repeat(count)).join('');

describe('block states', () => {
  it('are run lengths with neighbours joined and nothing empty', () => {
    const list = [
      { state: 'u', count: 1000 },
      { state: 'u', count: 24 },
      { state: 's', count: 0 },
      { state: 'z', count: 12 },
    ] as const;
    expect(encodeStates(list)).to.equal('u1024z12');
  });

  it('come back as they were', () => {
    fc.assert(
      fc.property(runs, (list) => {
        expect(expanded(stateRuns(encodeStates(list)))).to.equal(expanded(list));
      }),
    );
  });

  it('are aggregated to cells that show the gravest state and its share', () => {
    const { cells, blocksPerCell } = aggregate('u3s1u4d2s2w1', 4);
    expect(blocksPerCell).to.equal(4);
    expect(cells).to.deep.equal([
      { state: 's', share: 0.25 },
      { state: 'u', share: 1 },
      { state: 'd', share: 0.5 },
      { state: 'w', share: 1 },
    ]);
  });

  it('fill at most as many cells as allowed and lose no state, for any map', () => {
    fc.assert(
      fc.property(runs, fc.integer({ min: 1, max: 64 }), (list, cellsMax) => {
        const map = aggregate(encodeStates(list), cellsMax);
        const text = expanded(list);
        expect(map.cells.length).to.be.at.most(cellsMax);
        expect(map.blocks).to.equal(text.length);
        for (const [index, { state, share }] of map.cells.entries()) {
          const blocks = text.slice(index * map.blocksPerCell, (index + 1) * map.blocksPerCell);
          const worst = stateLetters.findLast((letter) => blocks.includes(letter));
          expect(state).to.equal(worst);
          const inState = [...blocks].filter((letter) => letter === state).length;
          expect(share).to.equal(inState / blocks.length);
        }
      }),
    );
  });

  it('of 1 TiB are aggregated at the cost of their runs', () => {
    const { cells, blocksPerCell } = aggregate(`u${2 ** 27}w1u${2 ** 27 - 1}`, 2048);
    expect([cells.length, blocksPerCell]).to.deep.equal([2048, 2 ** 17]);
    expect(cells[1024]).to.deep.equal({ state: 'w', share: 2 ** -17 });
    expect(countStates(`u5w1u2`)).to.deep.equal(
      new Map([
        ['u', 7],
        ['w', 1],
      ]),
    );
  });
});
