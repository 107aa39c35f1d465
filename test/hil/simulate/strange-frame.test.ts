/** Frames of somebody else: whole and rightly checked, and refused by a link for what they say. */
import { expect } from 'chai';
import { Random } from '../../../hil/random.js';
import { isStrangeFrame, strangeFrame } from '../../../hil/simulate/strange-frame.js';
import { Link } from '../../../protocol/link/link.js';

const frames = Array.from({ length: 300 }, (_, seed) => strangeFrame(new Random(`${seed}`)));

describe('a frame of somebody else', () => {
  it('is a frame, and noise is none', () => {
    expect(frames.every((frame) => isStrangeFrame(frame))).to.equal(true);
    expect(isStrangeFrame(Buffer.from('0102030400', 'hex'))).to.equal(false);
    expect(isStrangeFrame(Buffer.alloc(0))).to.equal(false);
  });

  it('is refused by a link for its version or its length, and opens none', () => {
    const link = new Link({ entropy: Buffer.from('a') });
    link.lineUp(0);
    const codes = frames.map((frame) => {
      const [event] = link.receiveFrame(frame.subarray(0, -1), 0);
      return event?.kind === 'refused' ? event.refusal.code : event?.kind;
    });
    expect([...new Set(codes)].sort()).to.deep.equal(['frame-length', 'version-mismatch']);
    expect(link.open).to.equal(false);
  });
});
