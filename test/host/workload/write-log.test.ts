import { expect } from 'chai';
import { recordGolden } from '../../../host/golden/record.js';
import type { SparseImage } from '../../../host/workload/sparse-image.js';
import { WriteLog } from '../../../host/workload/write-log.js';
import { provenance } from '../golden/volumes.js';

const blockBytes = 512;
let log: WriteLog;

/** Sends a write of one sector, filled with its tag. */
const send = (tag: number, block: number): void =>
  log.sent({ tag, volume: 0, offsetBytes: block * 512, content: { kind: 'data', data: Buffer.alloc(512, tag) } });
const write = (tag: number, block: number): void => {
  send(tag, block);
  log.acknowledged(tag);
};
/** The first byte of each block: the tag of the write that it holds. */
const tagsIn = (images: readonly SparseImage[]): (number | undefined)[] =>
  Array.from({ length: 6 }, (_, block) => images[0]?.block(block)[0]);

describe('WriteLog', () => {
  beforeEach(() => {
    log = new WriteLog([6 * blockBytes], blockBytes);
  });

  it('has in the image what was acknowledged before the freeze was sent, named or not', () => {
    write(1, 0);
    write(2, 1);
    const [sentOrder, answeredOrder] = [log.mark(), log.mark()];
    expect(tagsIn(log.imageAt({ sentOrder, answeredOrder, includedTags: [2] }))).to.deep.equal([1, 2, 0, 0, 0, 0]);
  });

  it('has of the writes in between exactly those that the answer names', () => {
    send(1, 0);
    send(2, 1);
    send(3, 2);
    const sentOrder = log.mark();
    log.acknowledged(3);
    send(4, 3);
    send(5, 4);
    const answeredOrder = log.mark();
    log.acknowledged(1);
    const image = log.imageAt({ sentOrder, answeredOrder, includedTags: [2, 4] });
    expect(tagsIn(image)).to.deep.equal([0, 2, 0, 4, 0, 0]);
  });

  it('has nothing that was sent after the answer, also when a tag is used again that the answer names', () => {
    write(1, 0);
    const [sentOrder, answeredOrder] = [log.mark(), log.mark()];
    write(1, 1);
    expect(tagsIn(log.imageAt({ sentOrder, answeredOrder, includedTags: [1] }))).to.deep.equal([1, 0, 0, 0, 0, 0]);
  });

  it('has in the next image what was left out of this one, on top of it', () => {
    send(1, 0);
    send(2, 0);
    const first = { sentOrder: log.mark(), answeredOrder: log.mark(), includedTags: [2] };
    expect(tagsIn(log.imageAt(first))[0]).to.equal(2);
    log.acknowledged(2);
    log.acknowledged(1);
    const second = { sentOrder: log.mark(), answeredOrder: log.mark(), includedTags: [] };
    expect(tagsIn(log.imageAt(second))[0]).to.equal(1);
  });

  it('keeps an image as it is whatever is written later', () => {
    write(1, 0);
    const image = log.imageAt({ sentOrder: log.mark(), answeredOrder: log.mark(), includedTags: [] });
    write(2, 0);
    log.imageAt({ sentOrder: log.mark(), answeredOrder: log.mark(), includedTags: [] });
    expect(tagsIn(image)[0]).to.equal(1);
  });

  it('keeps its own knowledge whatever is done to an image that it gave', () => {
    write(1, 0);
    const freeze = () => ({ sentOrder: log.mark(), answeredOrder: log.mark(), includedTags: [] });
    log.imageAt(freeze())[0]?.write(0, { kind: 'zeros', lengthBytes: 512 });
    log.newest()[0]?.write(0, { kind: 'zeros', lengthBytes: 512 });
    expect(tagsIn(log.imageAt(freeze()))[0]).to.equal(1);
  });

  it('applies overlapping writes in the order in which they were sent', () => {
    send(1, 0);
    send(2, 0);
    log.acknowledged(2);
    log.acknowledged(1);
    const image = log.imageAt({ sentOrder: log.mark(), answeredOrder: log.mark(), includedTags: [] });
    expect(tagsIn(image)[0]).to.equal(2);
  });

  it('holds the place of a write that was never answered for uncertain until it is written again', () => {
    send(1, 0);
    send(2, 1);
    log.failed(1);
    log.sessionClosed();
    expect(log.outstandingCount).to.equal(0);
    const image = log.imageAt({ sentOrder: log.mark(), answeredOrder: log.mark(), includedTags: [] });
    expect(image[0]?.uncertainBlocks()).to.deep.equal([0, 1]);
    write(3, 0);
    const next = log.imageAt({ sentOrder: log.mark(), answeredOrder: log.mark(), includedTags: [] });
    expect(next[0]?.uncertainBlocks()).to.deep.equal([1]);
    expect(tagsIn(next)[0]).to.equal(3);
  });

  it('is certain of a write that a freeze names although its session closed before the answer came', () => {
    send(1, 0);
    send(2, 1);
    const sentOrder = log.mark();
    log.sessionClosed();
    const image = log.imageAt({ sentOrder, answeredOrder: log.mark(), includedTags: [1] });
    expect(tagsIn(image)).to.deep.equal([1, 0, 0, 0, 0, 0]);
    expect(image[0]?.uncertainBlocks()).to.deep.equal([1]);
  });

  it('takes the name of a tag for the write that is outstanding, not for a lost one that had it before', () => {
    send(1, 0);
    log.sessionClosed();
    send(1, 1);
    const image = log.imageAt({ sentOrder: log.mark(), answeredOrder: log.mark(), includedTags: [1] });
    expect(tagsIn(image)).to.deep.equal([0, 1, 0, 0, 0, 0]);
    expect(image[0]?.uncertainBlocks()).to.deep.equal([0]);
  });

  it('leaves a write that was lost after the answer to the next image', () => {
    send(1, 0);
    const freeze = { sentOrder: log.mark(), answeredOrder: log.mark(), includedTags: [] };
    log.sessionClosed();
    expect(log.imageAt(freeze)[0]?.uncertainBlocks()).to.deep.equal([]);
    expect(log.newest()[0]?.uncertainBlocks()).to.deep.equal([0]);
  });

  it('shows a reader every acknowledged write, and doubts those that are outstanding', () => {
    write(1, 0);
    log.imageAt({ sentOrder: log.mark(), answeredOrder: log.mark(), includedTags: [] });
    write(2, 1);
    send(3, 2);
    expect(tagsIn(log.newest())).to.deep.equal([1, 2, 0, 0, 0, 0]);
    expect(log.newest()[0]?.uncertainBlocks()).to.deep.equal([2]);
  });

  it('gives images that golden images are recorded from, at the cost of what was written in 1 TiB', async () => {
    log = new WriteLog([2 ** 40], 4096);
    const stamp = { volume: 0, blockBytes: 4096, write: 1, generation: 1, seed: 1 };
    log.sent({ tag: 1, volume: 0, offsetBytes: 2 ** 39, content: { kind: 'stamped', stamp, lengthBytes: 2 ** 16 } });
    log.acknowledged(1);
    const image = log.imageAt({ sentOrder: log.mark(), answeredOrder: log.mark(), includedTags: [] });
    const golden = await recordGolden(image, provenance);
    expect(golden.volumes.map(({ bytes, digests }) => [bytes, digests.size])).to.deep.equal([[2 ** 40, 16]]);
  });
});
