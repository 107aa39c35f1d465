import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { EmulatedBench } from '../../hil/bench/emulated-bench.js';

const baud = 115_200;
const largestFrameUs = (4200 * 10 * 1e6) / baud;

describe('a host line that is full of data of writes', () => {
  for (const what of ['read', 'freeze', 'status'] as const) {
    it(`holds a ${what} up for two of the largest frames at most`, async () => {
      const hostLine = { baud, latencyUs: 0, bitErrorRate: 0, dropRate: 0 };
      const bench = new EmulatedBench({ method: 'differential', volumes: [2 ** 20], hostLine });
      await bench.run(bench.host.opened());
      await bench.run(bench.host.read(0, 0, 512));
      const writes = Array.from({ length: 8 }, (_, index) => bench.host.write(0, index * 65_536, randomBytes(65_536)));
      await bench.pass(2_000_000);
      const sinceUs = bench.kernel.nowUs;
      const ask = {
        read: () => bench.host.read(0, 2 ** 20 - 512, 512),
        freeze: () => bench.host.freeze(randomBytes(16)),
        status: () => bench.host.status(),
      };
      await bench.run<unknown>(ask[what]());
      expect(bench.kernel.nowUs - sinceUs).to.be.below(2 * largestFrameUs);
      // The writes were under way all the while.
      expect(await Promise.race([writes.at(-1)?.done, 'under way'])).to.equal('under way');
      await bench.run(Promise.all(writes.map(({ done }) => done)));
    });
  }
});
