import { expect } from 'chai';
import { capabilitiesOfWindow, isWindowBits, windowOfCapabilities } from '../../../protocol/compression/window-bits.js';

describe('the window that a side announces', () => {
  it('stands in bits 8 to 11 of the capabilities', () => {
    expect([0, 9, 12, 15].map(capabilitiesOfWindow)).to.deep.equal([0, 0x900, 0xc00, 0xf00]);
    expect([0x003, 0x903, 0xffff_f9ff, 0xf00].map(windowOfCapabilities)).to.deep.equal([0, 9, 9, 15]);
  });

  it('is none where no zlib stream has such a window', () => {
    expect(Array.from({ length: 16 }, (_, bits) => windowOfCapabilities(bits << 8))).to.deep.equal([
      ...Array(9).fill(0),
      ...[9, 10, 11, 12, 13, 14, 15],
    ]);
    expect([-1, 0, 8, 9, 9.5, 15, 16].filter(isWindowBits)).to.deep.equal([0, 9, 15]);
    for (const wrong of [1, 8, 16]) expect(() => capabilitiesOfWindow(wrong)).to.throw(RangeError);
  });
});
