import { expect } from 'chai';
import fc from 'fast-check';
import { Random } from '../../../hil/random.js';
import { Gap } from '../../../hil/simulate/gap.js';
import { LineModel, type LineModelOptions } from '../../../hil/simulate/line-model.js';

const clean: LineModelOptions = { latencyUs: 0, bitErrorRate: 0, dropRate: 0 };
const lineOf = (options: Partial<LineModelOptions>, seed: string | number = 1) =>
  new LineModel({ ...clean, ...options }, new Random(seed));

describe('gaps between failures', () => {
  for (const rate of [0.5, 0.1, 0.01, 1e-4]) {
    it(`average (1 − ${rate}) / ${rate}, with the share of zeros that ${rate} asks for`, () => {
      const gap = new Gap(rate, new Random(`gap ${rate}`));
      const count = 20_000;
      const drawn = Array.from({ length: count }, () => gap.next());
      const mean = drawn.reduce((sum, each) => sum + each, 0) / count;
      // The standard deviation of the mean is sqrt(1 − rate) / rate / sqrt(count): under 0.71 % of 1 / rate.
      expect(mean * rate).to.be.closeTo(1 - rate, 0.03);
      expect(drawn.filter((each) => each === 0).length / count).to.be.closeTo(rate, 4 * Math.sqrt(rate / count));
    });
  }

  it('are unending at rate 0, empty at rate 1, and refused for what is no probability', () => {
    expect(new Gap(0, new Random(1)).next()).to.equal(Number.POSITIVE_INFINITY);
    expect(new Gap(1, new Random(1)).next()).to.equal(0);
    for (const rate of [-0.1, 1.1, Number.NaN]) expect(() => new Gap(rate, new Random(1))).to.throw(RangeError);
  });
});

describe('the model of a serial line', () => {
  it('gives each byte 10 bit times, however the bytes are handed over', () => {
    const line = lineOf({ baud: 115_200 });
    for (let count = 0; count < 11_520; count += 1) line.carry(Buffer.of(0x55), 1_000_000);
    expect(line.freeAtUs).to.equal(2_000_000);
    expect(lineOf({ baud: 115_200 }).carry(Buffer.alloc(11_520), 1_000_000)[0]?.atUs).to.equal(2_000_000);
  });

  it('rounds an arrival up to the microsecond in which the byte is complete', () => {
    expect(lineOf({ baud: 115_200 }).carry(Buffer.of(1), 0)[0]?.atUs).to.equal(87); // 86.8 µs
    expect(lineOf({ baud: 1_000_000 }).carry(Buffer.of(1), 5)[0]?.atUs).to.equal(15);
  });

  it('adds the latency to the arrival and not to the time that the wire is taken', () => {
    const line = lineOf({ baud: 1_000_000, latencyUs: 700 });
    expect(line.carry(Buffer.alloc(10), 0)).to.deep.equal([{ atUs: 800, bytes: Buffer.alloc(10) }]);
    expect(line.carry(Buffer.alloc(10), 50)[0]?.atUs).to.equal(900);
    expect(line.carry(Buffer.alloc(10), 5_000)[0]?.atUs).to.equal(5_800);
  });

  it('delivers at most so many bytes together as it is told, each as soon as it is complete', () => {
    const line = lineOf({ baud: 1_000_000, deliveryBytesMax: 4 });
    const deliveries = line.carry(Buffer.from('0123456789'), 0);
    expect(deliveries.map(({ atUs, bytes }) => [atUs, Buffer.from(bytes).toString()])).to.deep.equal([
      [40, '0123'],
      [80, '4567'],
      [100, '89'],
    ]);
  });

  it('carries all bytes exactly when nothing is to go wrong, in order', () => {
    const chunks = fc.array(fc.uint8Array({ maxLength: 300 }));
    fc.assert(
      fc.property(chunks, fc.integer({ min: 1, max: 64 }), fc.integer(), (sent, deliveryBytesMax, seed) => {
        const line = lineOf({ baud: 9600, latencyUs: 3, deliveryBytesMax }, seed);
        const arrived = sent.flatMap((chunk, index) => line.carry(chunk, index * 10));
        expect(Buffer.concat(arrived.map(({ bytes }) => bytes)).equals(Buffer.concat(sent))).to.equal(true);
        const times = arrived.map(({ atUs }) => atUs);
        expect(times).to.deep.equal([...times].sort((a, b) => a - b));
      }),
    );
  });

  it('flips data bits at the rate that it is given, and nothing else', () => {
    const line = lineOf({ bitErrorRate: 1e-3, deliveryBytesMax: 1000 });
    const arrived = Buffer.concat(line.carry(Buffer.alloc(1_000_000), 0).map(({ bytes }) => bytes));
    expect(arrived.length).to.equal(1_000_000);
    let ones = 0;
    const perBit = new Array<number>(8).fill(0);
    for (const byte of arrived) {
      for (let bit = 0; bit < 8; bit += 1) {
        const one = (byte >> bit) & 1;
        ones += one;
        perBit[bit] = (perBit[bit] ?? 0) + one;
      }
    }
    expect(ones).to.equal(line.counts.flippedBits).and.to.be.within(7_600, 8_400);
    for (const count of perBit) expect(count).to.be.within(850, 1_150);
  });

  it('loses bytes at the rate that it is given; what is lost takes its time all the same', () => {
    const line = lineOf({ baud: 1_000_000, dropRate: 0.01 });
    const sent = Buffer.alloc(100_000).map((_, index) => index & 0xff);
    const [delivery] = line.carry(sent, 0);
    expect(delivery?.atUs).to.equal(1_000_000);
    expect(line.counts.droppedBytes).to.be.within(870, 1_130);
    expect(delivery?.bytes.length).to.equal(100_000 - line.counts.droppedBytes);
    // What is left is still in order: each byte follows the one before it, or the ones between were lost.
    let missing = 0;
    let last = -1;
    for (const byte of delivery?.bytes ?? []) {
      missing += (byte - last - 1 + 256) % 256;
      last = byte;
    }
    expect(missing).to.be.closeTo(line.counts.droppedBytes, 255);
  });

  it('does the same to the same bytes under the same seed, however they are cut into pieces', () => {
    const property = fc.property(fc.integer(), fc.integer({ min: 1, max: 99 }), (seed, step) => {
      const sent = new Random(seed).fill(Buffer.alloc(2_000));
      const impaired = { bitErrorRate: 0.002, dropRate: 0.003 };
      const whole = lineOf(impaired, seed).carry(sent, 0);
      const pieces = lineOf({ ...impaired, deliveryBytesMax: step }, seed).carry(sent, 0);
      expect(Buffer.concat(pieces.map(({ bytes }) => bytes)).equals(whole[0]?.bytes ?? Buffer.alloc(0))).to.equal(true);
    });
    fc.assert(property);
  });

  it('leaves the bytes that it was handed as they were', () => {
    const sent = Buffer.alloc(1_000, 0xaa);
    for (const dropRate of [0, 0.1]) {
      lineOf({ bitErrorRate: 0.1, dropRate }).carry(sent, 0);
      expect(sent.equals(Buffer.alloc(1_000, 0xaa))).to.equal(true);
    }
  });

  it('delivers nothing when every byte is lost, and inverts all when every bit is flipped', () => {
    expect(lineOf({ dropRate: 1 }).carry(Buffer.alloc(10), 0)).to.deep.equal([]);
    expect(lineOf({ bitErrorRate: 1 }).carry(Buffer.of(0x0f), 0)[0]?.bytes).to.deep.equal(Buffer.of(0xf0));
  });
});
