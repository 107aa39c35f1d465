import { expect } from 'chai';
import type { Bench } from '../../../hil/bench/bench.js';
import { HostWriter } from '../../../hil/job/host-writer.js';
import type { HostClient } from '../../../host/client.js';
import { WriteLog } from '../../../host/workload/write-log.js';
import { RefusalError } from '../../../protocol/refusals.js';

interface Sent {
  readonly lba: number;
  onTag(tag: number): void;
  good(): void;
  fail(): void;
}

/** A host whose commands end when the test says so. */
function writerOverPlainHost() {
  const sent: Sent[] = [];
  const client = {
    command: (_: number, { lba }: { lba: number }, onTag: (tag: number) => void) =>
      new Promise<Uint8Array>((resolve, reject) => {
        onTag(sent.length + 1);
        const fail = () => reject(new RefusalError('scsi-error', 'medium error'));
        sent.push({ lba, onTag, good: () => resolve(new Uint8Array(0)), fail });
      }),
  };
  const bench = { run: <T>(promise: Promise<T>) => promise, nowUs: () => 0 };
  const log = new WriteLog([65_536], 4096);
  const writer = new HostWriter({
    ...{ bench: bench as unknown as Bench, client: client as unknown as HostClient, log, onEnded: () => {} },
  });
  const write = (block: number, fill: number) =>
    writer.write(0, block * 4096, { kind: 'data', data: Buffer.alloc(4096, fill) });
  return { sent, log, writer, write };
}

const turns = () => new Promise((resolve) => setImmediate(resolve));

describe('the writing host', () => {
  it('sends what does not overlap at once, and what does once the earlier write has ended', async () => {
    const { sent, write } = writerOverPlainHost();
    await write(1, 1);
    await write(2, 2);
    const again = write(1, 3);
    await turns();
    expect(sent.map(({ lba }) => lba)).to.deep.equal([8, 16]);
    sent[0]?.good();
    await again;
    expect(sent.map(({ lba }) => lba)).to.deep.equal([8, 16, 8]);
  });

  it('has in an image what was acknowledged before the freeze, and of the rest what the answer names', async () => {
    const { sent, log, writer, write } = writerOverPlainHost();
    for (const block of [0, 1, 2]) await write(block, block + 1);
    sent[0]?.good();
    await turns();
    expect(writer.outstandingTags).to.deep.equal([2, 3]);
    const [image] = log.imageAt({ sentOrder: log.mark(), answeredOrder: log.mark(), includedTags: [3] });
    expect([0, 1, 2].map((block) => image?.block(block)[0])).to.deep.equal([1, 0, 3]);
  });

  it('does not know what became of a write whose session was lost, until it is written again', async () => {
    const { sent, log, writer, write } = writerOverPlainHost();
    await write(5, 5);
    writer.sessionLost();
    expect(log.newest()[0]?.uncertainBlocks()).to.deep.equal([5]);
    sent[0]?.onTag(77);
    sent[0]?.good();
    await writer.settle();
    expect(log.newest()[0]?.uncertainBlocks()).to.deep.equal([]);
    expect(log.newest()[0]?.block(5)[0]).to.equal(5);
  });

  it('tells of a write that failed, at the next occasion', async () => {
    const { sent, writer, write } = writerOverPlainHost();
    await write(3, 3);
    sent[0]?.fail();
    const error = await writer.settle().catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(RefusalError).with.nested.property('refusal.code', 'scsi-error');
  });
});
