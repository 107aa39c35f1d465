import { expect } from 'chai';
import { lineSealOf } from '../../../protocol/session/line-seal.js';

describe('what an end of a line is told about sealing it', () => {
  const key = Buffer.alloc(32, 1);
  const ciphers = ['aes-256-gcm'] as const;

  it('is taken out of anything that says it, and is nothing where nothing is said', () => {
    expect(lineSealOf({ key, ciphers, ...{ framePayloadMax: 256 } })).to.deep.equal({ key, ciphers });
    expect(lineSealOf({ key })).to.deep.equal({ key });
    expect(lineSealOf({ ciphers })).to.deep.equal({ ciphers });
    expect(Object.keys(lineSealOf({ key: undefined, ciphers: undefined }))).to.deep.equal([]);
  });
});
