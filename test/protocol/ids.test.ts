import { expect } from 'chai';
import { assert, methods, pairStates, unreachable } from '../../protocol/ids.js';
import * as limits from '../../protocol/limits.js';

describe('what every room shares', () => {
  it('stops at a broken invariant, and at what cannot be', () => {
    expect(() => assert(true, 'never said')).to.not.throw();
    expect(() => assert(false, 'two and two')).to.throw('invariant broken: two and two');
    expect(() => unreachable({ kind: 'odd' } as never)).to.throw('unreachable: {"kind":"odd"}');
  });

  it('names methods and pair states', () => {
    expect(methods).to.deep.equal(['copy', 'differential', 'streaming']);
    expect(pairStates).to.deep.equal(['SMPL', 'COPY', 'PAIR', 'PSUS', 'SSUS', 'PSUE', 'SSWS']);
  });

  it('has the limits that PROTOCOL.md states', () => {
    expect([limits.frameBytesMin, limits.frameBytesMax, limits.encodedFrameBytesMax]).to.deep.equal([
      ...[7, 65_543, 65_543 + 258 + 1],
    ]);
    expect([limits.frameOverheadBytes, limits.sequenceModulus, limits.sealedOverheadBytes]).to.deep.equal([
      ...[9, 65_536, 34],
    ]);
    expect(limits.linkMessageBytesMax).to.equal(1_114_112 + 34);
  });
});
