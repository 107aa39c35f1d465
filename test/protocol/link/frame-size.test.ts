import { expect } from 'chai';
import { FrameSize } from '../../../protocol/link/frame-size.js';
import { seeded } from './lossy-line.js';

/** Sends so many bytes over a line that spoils each byte with this probability. */
function send(size: FrameSize, bytes: number, lossOfByte: number, random: () => number): void {
  for (let sent = 0; sent < bytes; sent += size.bytes) {
    const payload = size.bytes;
    if (random() < (1 - lossOfByte) ** (payload + 9)) size.carried(payload);
    else size.lost(payload);
  }
}

describe('frame size', () => {
  it('reaches the maximum within 40 frames of a clean line', () => {
    const size = new FrameSize(4096);
    for (let count = 0; count < 40; count += 1) size.carried(size.bytes);
    expect(size.bytes).to.equal(4096);
  });

  it('grows to 64 KiB where that is allowed', () => {
    const size = new FrameSize(65_536);
    for (let count = 0; count < 80; count += 1) size.carried(size.bytes);
    expect(size.bytes).to.equal(65_536);
  });

  it('is the smallest after forty losses in a row', () => {
    const size = new FrameSize(4096);
    send(size, 1_000_000, 0, seeded(1));
    for (let count = 0; count < 40; count += 1) size.lost(size.bytes);
    expect(size.bytes).to.equal(64);
  });

  for (const [lossOfByte, low, high] of [
    [8e-3, 64, 128],
    [8e-4, 64, 384],
    [8e-5, 128, 1216],
    [8e-6, 512, 4096],
  ] as const) {
    it(`stays around the optimum at a loss of ${lossOfByte} per byte`, () => {
      const size = new FrameSize(4096);
      const random = seeded(3);
      send(size, 400_000, lossOfByte, random);
      let sum = 0;
      for (let count = 0; count < 100; count += 1) {
        send(size, 20_000, lossOfByte, random);
        sum += size.bytes;
      }
      expect(sum / 100).to.be.within(low, high);
    });
  }

  it('is always a multiple of 64 between 64 and the maximum', () => {
    const size = new FrameSize(1024);
    const random = seeded(5);
    for (let count = 0; count < 5000; count += 1) {
      if (random() < 0.1) size.lost(size.bytes);
      else size.carried(size.bytes);
      if (random() < 0.01) size.timedOut();
      expect(size.bytes % 64).to.equal(0);
      expect(size.bytes).to.be.within(64, 1024);
    }
  });
});
