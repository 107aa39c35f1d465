import { expect } from 'chai';
import { Deframer } from '../../../protocol/frame/deframer.js';
import { encodedFrameBytesMax } from '../../../protocol/limits.js';
import { fromHex, toHex, vectors } from '../vectors.js';

const stream = Buffer.concat(vectors.frames.map(({ encoded }) => fromHex(encoded)));
const expected = vectors.frames.map(({ encoded }) => encoded.slice(0, -2));

function framesOf(chunks: readonly Uint8Array[]): string[] {
  const deframer = new Deframer();
  const found = chunks.flatMap((chunk) => deframer.push(chunk));
  return found.map((each) => (each.kind === 'frame' ? toHex(each.encoded) : each.refusal.code));
}

describe('deframer', () => {
  it('finds the frames wherever the stream is split', () => {
    for (let at = 0; at <= stream.length; at += 1) {
      expect(framesOf([stream.subarray(0, at), stream.subarray(at)]), `at ${at}`).to.deep.equal(expected);
    }
  });

  it('finds the frames in single bytes', () => {
    expect(framesOf([...stream].map((byte) => Buffer.of(byte)))).to.deep.equal(expected);
  });

  it('makes nothing of delimiters in a row', () => {
    expect(framesOf([Buffer.concat([Buffer.of(0, 0), stream, Buffer.of(0)])])).to.deep.equal(expected);
  });

  it('keeps what it was given when the line uses its buffer again', () => {
    const deframer = new Deframer();
    const chunk = Buffer.from('1122', 'hex');
    deframer.push(chunk);
    chunk.fill(0x33);
    expect(deframer.push(Buffer.of(0))).to.deep.equal([{ kind: 'frame', encoded: Buffer.from('1122', 'hex') }]);
  });

  it('refuses a stream without delimiters once, holds no more than a frame, and goes on after the next delimiter', () => {
    const deframer = new Deframer();
    const noise = Buffer.alloc(4096, 1);
    const refusals: string[] = [];
    for (let count = 0; count < 64; count += 1) {
      for (const each of deframer.push(noise)) refusals.push(each.kind === 'refused' ? each.refusal.code : each.kind);
      expect(deframer.heldBytes).to.be.at.most(encodedFrameBytesMax);
    }
    expect(refusals).to.deep.equal(['frame-length']);
    expect(deframer.push(Buffer.concat([Buffer.of(0), stream])).map(({ kind }) => kind)).to.deep.equal(
      expected.map(() => 'frame'),
    );
  });

  it('takes the longest frame and refuses one byte more, in one piece too', () => {
    const whole = (length: number): Buffer => Buffer.concat([Buffer.alloc(length, 1), Buffer.of(0)]);
    expect(framesOf([whole(encodedFrameBytesMax)])[0]).to.have.length(2 * encodedFrameBytesMax);
    expect(framesOf([whole(encodedFrameBytesMax + 1)])).to.deep.equal(['frame-length']);
  });
});
