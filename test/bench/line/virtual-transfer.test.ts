import { expect } from 'chai';
import { cellName, hardCells } from './line-cell.js';
import { virtualTransfer } from './virtual-transfer.js';

/** Line time of the data on a line without errors. */
const seconds = 30;

describe('a transfer over a line that is hardly one', () => {
  for (const cell of hardCells([115_200])) {
    for (const sealed of [false, true]) {
      it(`ends: ${cellName(cell)}, ${sealed ? 'sealed' : 'plain'}`, async () => {
        const carried = await virtualTransfer({ ...cell, sealed, seconds, bytesMin: 0, seed: 1 });
        expect(carried.seconds).to.be.within(seconds + cell.cutMs / 1000, 4 * seconds);
      });
    }
  }
});
