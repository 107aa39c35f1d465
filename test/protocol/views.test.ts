import { expect } from 'chai';
import { asBuffer } from '../../protocol/as-buffer.js';
import { partOf } from '../../protocol/part-of.js';

describe('a part of bytes', () => {
  const bytes = Uint8Array.of(1, 2, 3, 4);

  it('is a view of what lies from its begin to before its end', () => {
    expect([...partOf(bytes, 1, 3)]).to.deep.equal([2, 3]);
    expect([...partOf(bytes, 0, 3)]).to.deep.equal([1, 2, 3]);
    expect([...partOf(bytes, 1, 9)]).to.deep.equal([2, 3, 4]);
    expect(partOf(bytes, 1, 3).buffer).to.equal(bytes.buffer);
  });

  it('is the bytes themselves when it is all of them', () => {
    expect(partOf(bytes, 0, 4)).to.equal(bytes);
    expect(partOf(bytes, 0, 9)).to.equal(bytes);
  });
});

describe('bytes as a Buffer', () => {
  it('are a view of the same bytes', () => {
    const part = Uint8Array.of(1, 2, 3, 4).subarray(1, 3);
    const buffer = asBuffer(part);
    expect(buffer.readUInt16LE(0)).to.equal(0x0302);
    expect([buffer.length, buffer.buffer]).to.deep.equal([2, part.buffer]);
  });

  it('stay what they are when they are one', () => {
    const buffer = Buffer.of(1, 2);
    expect(asBuffer(buffer)).to.equal(buffer);
  });
});
