import { expect } from 'chai';
import { FrameTap } from '../../../hil/bench/frame-tap.js';
import { encodeFrame, type Frame } from '../../../protocol/frame/frame.js';

const data = (sequence: number, priority: 0 | 1 | 2 = 2): Frame => ({
  kind: 'data',
  ...{ priority, sequence, first: true, last: true, payload: Buffer.alloc(300, 7) },
});

function counted(frames: readonly Frame[]): { frames: number; repeated: number } {
  const tap = new FrameTap();
  for (const frame of frames) tap.take(encodeFrame(frame, 0x1234));
  return { frames: tap.frames, repeated: tap.repeated };
}

describe('counting frames on a line', () => {
  it('tells repetitions from what is new, for each priority, also where numbers wrap', () => {
    expect(counted([data(0), data(5), data(10), data(5), data(10), data(15)])).to.deep.equal({
      frames: 6,
      repeated: 2,
    });
    expect(counted([data(0, 0), data(0, 1), data(0, 2)])).to.deep.equal({ frames: 3, repeated: 0 });
    expect(counted([data(65_530), data(0), data(256), data(65_530)])).to.deep.equal({ frames: 4, repeated: 1 });
  });

  it('begins anew with a session, and counts no acknowledgement as a repetition', () => {
    const acknowledgement: Frame = { kind: 'acknowledgement', payload: Buffer.alloc(4) };
    const open: Frame = { kind: 'open', payload: Buffer.alloc(4) };
    const frames = [data(9), acknowledgement, acknowledgement, open, data(0)];
    expect(counted(frames)).to.deep.equal({ frames: 5, repeated: 0 });
  });
});
