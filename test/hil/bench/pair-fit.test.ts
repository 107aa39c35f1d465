/** Which two controllers can be a pair: as main itself decides, and as early. */
import { expect } from 'chai';
import { misfitOf } from '../../../hil/bench/pair-fit.js';

const main = { pair: Buffer.alloc(16, 1), blockBytes: 4096, volumes: [8192, 4096], method: 'copy' as const };
const codeOf = (sub: Partial<typeof main> | object, ofMain: object = {}) =>
  misfitOf({ ...main, ...ofMain }, { ...main, ...sub })?.refusal.code;

describe('two controllers on a bench', () => {
  it('fit when all that they say is the same, or the sub is new', () => {
    const none = Buffer.alloc(16);
    expect(codeOf({})).to.equal(undefined);
    expect(codeOf({ pair: none, method: 'streaming' })).to.equal(undefined);
    expect(codeOf({ method: 'streaming' }, { pair: none })).to.equal(undefined);
  });

  it('do not fit otherwise, for the reason that comes first in the recovery table', () => {
    const pair = Buffer.alloc(16, 2);
    expect(codeOf({ pair, blockBytes: 512, volumes: [], method: 'streaming' })).to.equal('foreign-pair');
    expect(codeOf({ blockBytes: 512, volumes: [], method: 'streaming' })).to.equal('block-size-mismatch');
    expect(codeOf({ volumes: [4096, 8192], method: 'streaming' })).to.equal('volume-mismatch');
    expect(codeOf({ method: 'streaming' })).to.equal('wrong-method');
    expect(codeOf({ pair: Buffer.alloc(16), volumes: [8192] })).to.equal('volume-mismatch');
  });

  it('are both named with what they say', () => {
    const sub = { ...main, volumes: [] };
    expect(misfitOf(main, sub)?.refusal.detail).to.equal('main says volumes 8192+4096, the sub none');
  });
});
