import { deflateSync } from 'node:zlib';
import { expect } from 'chai';
import { plainRun } from '../../../protocol/compression/plain-run.js';
import { blockNumber, generation, volumeNumber } from '../../../protocol/ids.js';
import { dataBytesMax, type MessageNamed } from '../../../protocol/message/messages.js';

const place = { run: 7, generation: generation(3), volume: volumeNumber(1), first: blockNumber(5), count: 2 };
const compressed = (data: Uint8Array): MessageNamed<'compressedRun'> => ({
  ...{ kind: 'compressedRun', ...place, digest: Buffer.alloc(16, 9), data },
});

describe('a compressed run, for those who look at a line', () => {
  it('is the run that it stands for', () => {
    const data = Buffer.alloc(1024, 'two blocks of any size ');
    const run = plainRun(compressed(deflateSync(data)));
    expect({ ...run, data: undefined }).to.deep.equal({
      ...{ kind: 'blockRun', ...place, digest: Buffer.alloc(16, 9), data: undefined },
    });
    expect(Buffer.from(run?.data ?? []).equals(data)).to.equal(true);
  });

  it('is none when its data is no stream, is empty, or is not of so many blocks', () => {
    expect(plainRun(compressed(Buffer.alloc(20, 1)))).to.equal(undefined);
    expect(plainRun(compressed(deflateSync(Buffer.alloc(0))))).to.equal(undefined);
    expect(plainRun(compressed(deflateSync(Buffer.alloc(1025))))).to.equal(undefined);
  });

  it('is as long as a run may be, and no longer', () => {
    const longest = plainRun(compressed(deflateSync(Buffer.alloc(dataBytesMax))));
    expect(longest?.data.length).to.equal(dataBytesMax);
    expect(plainRun(compressed(deflateSync(Buffer.alloc(dataBytesMax + 2))))).to.equal(undefined);
  });
});
