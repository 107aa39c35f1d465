import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { RawFileSource } from '../../../host/golden/block-source.js';
import { diffGolden } from '../../../host/golden/diff.js';
import { recordGolden } from '../../../host/golden/record.js';
import { blockBytes, MemoryVolume, provenance, ramp } from './volumes.js';

describe('recording from a raw file', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'golden-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('gives the image that the same blocks in memory give, across several reads', async () => {
    const blocks = 5000; // 2.4 MiB: more than two reads of 1 MiB
    const written: [number, Buffer][] = [0, 2047, 2048, 2049, 4999].map((block) => [block, ramp(block % 251)]);
    const raw = Buffer.alloc(blocks * blockBytes);
    for (const [block, data] of written) raw.set(data, block * blockBytes);
    const path = join(directory, 'volume.img');
    await writeFile(path, raw);
    const source = await RawFileSource.open(path, blockBytes);
    const golden = await recordGolden([source], provenance);
    await source.close();
    expect(golden.volumes[0]?.digests.size).to.equal(5);
    expect(diffGolden(golden, await recordGolden([new MemoryVolume(blocks, written)], provenance))).to.deep.equal([]);
  });

  it('refuses a file that is not whole blocks long', async () => {
    const path = join(directory, 'volume.img');
    await writeFile(path, Buffer.alloc(blockBytes + 1));
    const refused = await RawFileSource.open(path, blockBytes).catch((error: Error) => error.message);
    expect(refused).to.match(/^file-size: .*513 bytes are not whole blocks of 512/);
  });
});
