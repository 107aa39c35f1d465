import { expect } from 'chai';
import { FrameSize } from '../../../protocol/link/frame-size.js';
import { seeded } from './lossy-line.js';

/** Sends so many bytes over a line that spoils each byte with this probability; returns the payload that arrived. */
function send(size: FrameSize, bytes: number, lossOfByte: number, random: () => number): number {
  let arrived = 0;
  for (let sent = 0; sent < bytes; ) {
    const payload = size.bytes;
    sent += payload + 9;
    if (random() < (1 - lossOfByte) ** (payload + 9)) {
      size.carried(payload);
      arrived += payload;
    } else size.lost(payload);
  }
  return arrived;
}

/** At its largest on a line that has lost nothing. */
function grown(max: number): FrameSize {
  const size = new FrameSize(max);
  for (let count = 0; size.bytes < max; count += 1) {
    expect(count).to.be.below(200);
    size.carried(size.bytes);
  }
  return size;
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
    const size = grown(4096);
    const after = Array.from({ length: 4 }, () => {
      size.timedOut();
      return size.bytes;
    });
    expect(after).to.deep.equal([1024, 256, 64, 64]);
  });

  it('doubles after eight frames as long as nothing was ever lost', () => {
    const size = new FrameSize(4096);
    const sizes = Array.from({ length: 17 }, () => {
      size.carried(64);
      return size.bytes;
    });
    expect([sizes[6], sizes[7], sizes[14], sizes[15]]).to.deep.equal([256, 512, 512, 1024]);
  });

  it('grows with what it knows after a timeout, not by doubling', () => {
    const size = grown(4096);
    size.timedOut();
    for (let count = 0; count < 16; count += 1) size.carried(64);
    expect(size.bytes).to.equal(1024);
  });

  it('does not take losses before a timeout and after it for a burst', () => {
    const size = grown(4096);
    for (let count = 0; count < 250; count += 1) size.carried(4096);
    size.lost(64);
    size.lost(64);
    size.timedOut();
    size.lost(64);
    expect(size.bytes).to.equal(256);
  });

  it('takes all that went before the first loss as what is known', () => {
    const early = grown(4096);
    early.lost(4096);
    const late = grown(4096);
    for (let count = 0; count < 250; count += 1) late.carried(4096);
    late.lost(4096);
    // sqrt(9 × bytes / 1.5 losses), of 34 KiB and 1 MiB.
    expect(early.bytes).to.be.within(384, 512);
    expect(late.bytes).to.be.within(2496, 2624);
  });

  it('drops at once when two losses follow one another on a line that seemed clean', () => {
    const size = grown(4096);
    for (let count = 0; count < 250; count += 1) size.carried(4096);
    size.lost(4096);
    size.lost(4096);
    expect(size.bytes).to.be.above(1900);
    size.lost(4096);
    expect(size.bytes).to.equal(128);
  });

  it('drops when four losses come within half of the usual distance, and bears as many that are spread', () => {
    const sizes = [60, 20].map((between) => {
      const size = grown(4096);
      for (let losses = 0; losses < 20; losses += 1) {
        for (let count = 0; count < 100; count += 1) size.carried(1015);
        size.lost(1024);
      }
      for (let losses = 0; losses < 4; losses += 1) {
        for (let count = 0; count < between / 2; count += 1) size.carried(1015);
        size.lost(1024);
      }
      return size.bytes;
    });
    expect(sizes[0]).to.be.above(800);
    expect(sizes[1]).to.be.below(400);
  });

  it('begins to grow after five usual distances without a loss', () => {
    const size = grown(4096);
    for (let losses = 0; losses < 20; losses += 1) {
      for (let count = 0; count < 10; count += 1) size.carried(1015);
      size.lost(1024);
    }
    const before = size.bytes;
    for (let count = 0; count < 65; count += 1) size.carried(1015);
    expect(size.bytes).to.be.below(before * 1.35);
    for (let count = 0; count < 20; count += 1) size.carried(1015);
    expect(size.bytes).to.be.within(before * 2, before * 3);
  });

  it('follows a line that gets slowly better, as it forgets', () => {
    const size = grown(4096);
    const losses = (count: number, framesBetween: number) => {
      for (let loss = 0; loss < count; loss += 1) {
        for (let frame = 0; frame < framesBetween; frame += 1) size.carried(1015);
        size.lost(1024);
      }
    };
    losses(1000, 10);
    expect(size.bytes).to.equal(320);
    losses(100, 30);
    expect(size.bytes).to.be.within(512, 576);
  });

  it('grows to 64 KiB where that is allowed', () => {
    expect(grown(65_536).bytes).to.equal(65_536);
  });

  it('is the smallest after forty losses in a row', () => {
    const size = new FrameSize(4096);
    send(size, 1_000_000, 0, seeded(1));
    for (let count = 0; count < 40; count += 1) size.lost(size.bytes);
    expect(size.bytes).to.equal(64);
  });

  // The best that fixed frames can do, as python3 has it: max(s / (s + 9) * (1 - p) ** (s + 9) for s in range(64, 4097, 64))
  for (const [lossOfByte, best] of [
    [8e-3, 0.4878],
    [8e-4, 0.8373],
    [8e-5, 0.9474],
    [8e-6, 0.9831],
  ] as const) {
    it(`carries within half a percent of the best at a loss of ${lossOfByte} per byte`, () => {
      const size = new FrameSize(4096);
      const random = seeded(3);
      send(size, 1_000_000, lossOfByte, random);
      const bytes = 20_000_000;
      expect(send(size, bytes, lossOfByte, random) / bytes).to.be.above(best * 0.995);
    });
  }

  it('finds the best size again within 200 KB when a clean line turns bad', () => {
    const size = new FrameSize(4096);
    const random = seeded(4);
    send(size, 10_000_000, 0, random);
    send(size, 200_000, 8e-5, random);
    const bytes = 2_000_000;
    expect(send(size, bytes, 8e-5, random) / bytes).to.be.above(0.9474 * 0.99);
  });

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
