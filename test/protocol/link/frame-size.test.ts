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

  it('begins with 256 bytes, or the most that is allowed', () => {
    expect([new FrameSize(65_536), new FrameSize(256), new FrameSize(128)].map(({ bytes }) => bytes)).to.deep.equal([
      ...[256, 256, 128],
    ]);
  });

  it('is a quarter after a timeout, and never less than a unit', () => {
    const size = new FrameSize(4096);
    for (let count = 0; count < 40; count += 1) size.carried(size.bytes);
    const after = Array.from({ length: 4 }, () => {
      size.timedOut();
      return size.bytes;
    });
    expect(after).to.deep.equal([1024, 256, 64, 64]);
  });

  it('doubles after eight clean frames as long as nothing was ever lost, then only after sixteen at least', () => {
    const fresh = new FrameSize(4096);
    for (let count = 0; count < 7; count += 1) fresh.carried(64);
    expect(fresh.bytes).to.equal(256);
    fresh.carried(64);
    expect(fresh.bytes).to.be.within(512, 640);
    const spoilt = new FrameSize(65_536);
    spoilt.timedOut();
    expect(spoilt.bytes).to.equal(64);
    for (let count = 0; count < 15; count += 1) spoilt.carried(0);
    expect(spoilt.bytes).to.equal(64);
    spoilt.carried(0);
    expect(spoilt.bytes).to.be.within(128, 192);
  });

  it('is halved when half of the last eight frames were lost, and falls slowly by as many that are spread', () => {
    const [dense, spread] = [new FrameSize(4096), new FrameSize(4096)];
    for (const size of [dense, spread]) for (let count = 0; count < 40; count += 1) size.carried(size.bytes);
    for (let losses = 0; losses < 4; losses += 1) {
      dense.lost(dense.bytes);
      spread.lost(spread.bytes);
      for (let count = 0; count < 8; count += 1) spread.carried(spread.bytes);
    }
    expect(dense.bytes).to.be.below(1024);
    expect(spread.bytes).to.be.above(1600);
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
