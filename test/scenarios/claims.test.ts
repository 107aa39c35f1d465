/** The claims behind Coldframe, one behaviour each, in virtual time (docs/claims.md). */
import { expect } from 'chai';
import { EmulatedBench, type EmulatedBenchOptions } from '../../hil/bench/emulated-bench.js';

const blockBytes = 4096;
const blocks = 64;
const volumeBytes = blocks * blockBytes;
/** A block takes about 36 ms, so that there is time to look while an image is on its way. */
const slowLine = { baud: 1_152_000, latencyUs: 500, bitErrorRate: 0, dropRate: 0 };

/** A bench whose volume holds `fill` everywhere, with generation 1 structured. */
async function paired(options: Partial<EmulatedBenchOptions> & Pick<EmulatedBenchOptions, 'method'>, fill = 1) {
  const bench = new EmulatedBench({ volumes: [volumeBytes], remoteLine: slowLine, ...options });
  await write(bench, 0, blocks, fill);
  await freeze(bench, 1);
  await bench.run(bench.subHost.wait(1, 'structured'));
  await bench.run(bench.host.wait(1, 'structured'));
  return bench;
}

async function write(bench: EmulatedBench, first: number, count: number, fill: number): Promise<void> {
  await bench.run(bench.host.write(0, first * blockBytes, Buffer.alloc(count * blockBytes, fill)).done);
}

function freeze(bench: EmulatedBench, number: number) {
  return bench.run(bench.host.freeze(Buffer.alloc(16, number)));
}

async function image(bench: EmulatedBench): Promise<Buffer> {
  return Buffer.from(await bench.run(bench.subHost.read(0, 0, volumeBytes)));
}

const filled = (fill: number) => Buffer.alloc(volumeBytes, fill);
const rawBlock = (bench: EmulatedBench, area: 'primary0' | 'secondary0', block: number) =>
  bench.durable(area, block * blockBytes, 1).readUInt8(0);

/** When marks of this name came, in the order of all marks. */
function marksOf(bench: EmulatedBench, device: string, name: string): number[] {
  return bench.kernel.notes.flatMap(({ device: by, effect }, index) =>
    by === device && effect.kind === 'mark' && effect.name === name ? [index] : [],
  );
}

describe('the claims', () => {
  it('sends the kept image, then complete, and structures on receiving it', async () => {
    const bench = await paired({ method: 'copy' });
    const [sent] = marksOf(bench, 'main', 'complete');
    const [taken] = marksOf(bench, 'sub', 'complete');
    const [committed] = marksOf(bench, 'sub', 'committed');
    const [structured] = marksOf(bench, 'sub', 'structured');
    expect([sent, taken, committed, structured]).to.deep.equal(
      [sent, taken, committed, structured].sort((a = 0, b = 0) => a - b),
    );
    expect(structured).to.be.a('number');
  });

  it('holds what arrives in staging, and only then structures it in the secondary area', async () => {
    const bench = await paired({ method: 'copy' });
    await write(bench, 0, blocks, 2);
    await freeze(bench, 2);
    await bench.pass(1_000_000);
    const { shadowSlots, shadowSlotsFree, committed } = await bench.run(bench.subHost.status());
    expect(committed).to.equal(1);
    expect(shadowSlots - shadowSlotsFree, 'blocks in staging').to.be.within(5, blocks - 1);
    expect(bench.durable('secondary0').equals(filled(1))).to.equal(true);
    await bench.run(bench.subHost.wait(2, 'structured'));
    expect(bench.durable('secondary0').equals(filled(2))).to.equal(true);
    const after = await bench.run(bench.subHost.status());
    expect(after.shadowSlotsFree).to.equal(after.shadowSlots);
  });

  for (const method of ['copy', 'differential', 'streaming'] as const) {
    it(`shows the generation before until the commit, the new one from it on: ${method}`, async () => {
      const bench = await paired({ method, diskTimes: { accessUs: 200, flushUs: 20_000 } });
      await write(bench, 0, blocks, 2);
      await freeze(bench, 2);
      const seen: number[] = [];
      for (let look = 0; look < 400; look += 1) {
        const { committed, structured } = await bench.run(bench.subHost.status());
        const shown = await image(bench);
        if ((await bench.run(bench.subHost.status())).committed !== committed) continue;
        expect(
          shown.equals(filled(committed)),
          `image while ${committed} is committed, ${structured} structured`,
        ).to.equal(true);
        seen.push(committed * 10 + structured);
        if (structured === 2) break;
        await bench.pass(committed === 2 ? 1_000 : 20_000);
      }
      // 11: before the commit; 21: committed and not yet structured; 22: structured.
      expect([...new Set(seen)]).to.deep.equal([11, 21, 22]);
    });
  }

  it('sends only the difference', async () => {
    const bench = await paired({ method: 'differential' });
    const before = bench.lines.remote.counts()[0].carriedBytes;
    await write(bench, 10, 3, 2);
    await freeze(bench, 2);
    await bench.run(bench.host.wait(2, 'structured'));
    const carried = bench.lines.remote.counts()[0].carriedBytes - before;
    expect(carried).to.be.within(3 * blockBytes, 3 * blockBytes * 1.1);
  });

  it('defers a write to a block that is not sent yet, and lets one to a sent block through', async () => {
    const bench = await paired({ method: 'differential', shadowBytes: 16 * blockBytes });
    await write(bench, 0, blocks, 2);
    await freeze(bench, 2);
    await bench.pass(1_300_000);
    const { blocksSent } = await bench.run(bench.host.status());
    expect(blocksSent).to.be.within(16, blocks - 20);
    await write(bench, 0, 1, 3);
    expect(rawBlock(bench, 'primary0', 0), 'a sent block goes to the primary area').to.equal(3);
    await write(bench, blocks - 1, 1, 3);
    expect(rawBlock(bench, 'primary0', blocks - 1), 'a block not sent yet stays as it was').to.equal(2);
    expect((await bench.run(bench.host.status())).deferredBlocks).to.equal(1);
    const read = await bench.run(bench.host.read(0, (blocks - 1) * blockBytes, blockBytes));
    expect(read[0], 'the host reads its newest write').to.equal(3);
    await bench.run(bench.host.wait(2, 'structured'));
    await bench.pass(1_000_000);
    expect((await image(bench)).equals(filled(2))).to.equal(true);
    expect(rawBlock(bench, 'primary0', blocks - 1), 'the deferred write has reached the primary area').to.equal(3);
  });

  it('lets updates flow before the freeze, and sends the rest from the shadow area after it', async () => {
    const bench = await paired({ method: 'streaming' });
    await write(bench, 0, 8, 2);
    await bench.pass(3_000_000);
    const flowed = await bench.run(bench.subHost.status());
    expect(flowed.blocksSent, 'in staging before there is a freeze').to.equal(8);
    expect(flowed.committed).to.equal(1);
    await write(bench, 8, blocks - 8, 2);
    await freeze(bench, 2);
    await bench.pass(200_000);
    const { shadowSlots, shadowSlotsFree } = await bench.run(bench.host.status());
    expect(shadowSlots - shadowSlotsFree, 'kept in the shadow area').to.be.within(16, blocks - 8);
    await bench.run(bench.subHost.wait(2, 'structured'));
    expect((await image(bench)).equals(filled(2))).to.equal(true);
  });

  it('structures nothing of a generation whose complete has not come', async () => {
    const bench = await paired({ method: 'differential' });
    await write(bench, 0, blocks, 2);
    await freeze(bench, 2);
    for (;;) {
      const { blocksSent, blocksTotal } = await bench.run(bench.host.status());
      if (blocksTotal - blocksSent < 17) break;
      await bench.pass(20_000);
    }
    bench.kernel.cut(bench.lines.remote);
    await bench.pass(60_000_000);
    expect((await bench.run(bench.subHost.status())).committed).to.equal(1);
    expect(bench.durable('secondary0').equals(filled(1))).to.equal(true);
    bench.kernel.restore(bench.lines.remote);
    await bench.run(bench.subHost.wait(2, 'structured'));
    expect(bench.durable('secondary0').equals(filled(2))).to.equal(true);
  });

  for (const method of ['differential', 'streaming'] as const) {
    it(`lets no content cross the line in clear when it is sealed: ${method}`, async () => {
      // Without zeros COBS leaves it as it is, so that it can be found in the frames.
      const marker = Buffer.from('written by the host and by nobody else');
      const crosses = async (key?: Uint8Array) => {
        const bench = new EmulatedBench({ method, volumes: [volumeBytes], ...(key === undefined ? {} : { key }) });
        const frames: Uint8Array[] = [];
        const transmit = bench.main.transmit.bind(bench.main);
        bench.main.transmit = (port, nowUs) => {
          const frame = transmit(port, nowUs);
          if (frame !== undefined && port === 'remote') frames.push(Uint8Array.from(frame));
          return frame;
        };
        await bench.run(bench.host.write(0, 0, Buffer.alloc(blockBytes, marker)).done);
        await freeze(bench, 1);
        await bench.run(bench.subHost.wait(1, 'structured'));
        expect(bench.durable('secondary0', 0, blockBytes).equals(Buffer.alloc(blockBytes, marker))).to.equal(true);
        return Buffer.concat(frames).includes(marker);
      };
      expect(await crosses()).to.equal(true);
      expect(await crosses(Buffer.alloc(32, 7))).to.equal(false);
    });
  }
});
