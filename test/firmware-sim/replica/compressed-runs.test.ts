import { deflateSync } from 'node:zlib';
import { expect } from 'chai';
import { contentDigests, runDigest } from '../../../protocol/digest.js';
import { blockNumber, epoch, generation, volumeNumber } from '../../../protocol/ids.js';
import type { MessageNamed } from '../../../protocol/message/messages.js';
import { refusals } from '../../../protocol/refusals.js';
import { begun, blockBytes, blocksOf, ReplicaLab } from './replica-lab.js';

const invalid = refusals['compressed-invalid'].number;
const outside = refusals['range-outside'].number;
const mismatch = refusals['digest-mismatch'].number;

/** Run 1 of blocks from block 2 on, each full of its letter. */
function runOf(letters: string, of: Partial<MessageNamed<'compressedRun'>> = {}): MessageNamed<'compressedRun'> {
  const content = blocksOf(letters);
  return {
    ...{ kind: 'compressedRun', run: 1, generation: generation(1), volume: volumeNumber(0), first: blockNumber(2) },
    ...{ count: letters.length, digest: runDigest(contentDigests(content, blockBytes)) },
    ...{ data: deflateSync(content), ...of },
  };
}

/** A receiver that takes windows of 32 KiB. */
function taking(options: Parameters<typeof begun>[0] = {}): ReplicaLab {
  const lab = begun(options);
  lab.runForms = { takenBits: 15, sentBits: 0, held: false };
  return lab;
}

describe('the receiver, taking compressed runs', () => {
  it('stores their content and its digests', () => {
    const lab = taking();
    lab.receiver.compressedRun(runOf('abc'));
    lab.settle();
    expect(lab.told()).to.deep.equal(['stored 1 of 1']);
    const { staged } = lab.state.volume(0);
    expect([staged.size, lab.letters('staging0', staged.slotOf(2) ?? 99, 3)]).to.deep.equal([3, 'abc']);
    expect(Buffer.from(staged.digestOf(4) ?? [])).to.deep.equal(Buffer.from(contentDigests(blocksOf('c'), blockBytes)));
  });

  it('refuses one whose stream is not just its blocks', () => {
    const lab = taking();
    const streams = [deflateSync(blocksOf('ab')), deflateSync(blocksOf('abcd')), blocksOf('abc'), Buffer.alloc(0)];
    for (const data of streams) lab.receiver.compressedRun(runOf('abc', { data }));
    expect([lab.told(), lab.waiting]).to.deep.equal([Array(4).fill(`runRefused 1 ${invalid}`), []]);
  });

  it('refuses a window that it has not announced', () => {
    const lab = taking();
    const data = deflateSync(blocksOf('abc'), { windowBits: 10 });
    for (const takenBits of [0, 9, 10]) {
      lab.runForms = { takenBits, sentBits: 15, held: false };
      lab.receiver.compressedRun(runOf('abc', { data }));
    }
    lab.settle();
    expect(lab.told()).to.deep.equal([`runRefused 1 ${invalid}`, `runRefused 1 ${invalid}`, 'stored 1 of 1']);
  });

  it('refuses content with another digest, such as that of the stream', () => {
    const lab = taking();
    const { data } = runOf('abc');
    lab.receiver.compressedRun(runOf('abc', { digest: runDigest(contentDigests(blocksOf('abd'), blockBytes)) }));
    lab.receiver.compressedRun(runOf('abc', { digest: runDigest(contentDigests(data, data.length)) }));
    expect([lab.told(), lab.waiting]).to.deep.equal([Array(2).fill(`runRefused 1 ${mismatch}`), []]);
  });

  it('refuses a run of more than 64 KiB, or past the end of the volume, before it inflates anything', () => {
    const lab = taking({ volumes: [300], stagingSlots: 300 });
    lab.receiver.compressedRun(runOf('x'.repeat(129)));
    lab.receiver.compressedRun(runOf('x'.repeat(10), { first: blockNumber(291) }));
    lab.receiver.compressedRun(runOf('x', { count: 2 ** 32 - 1 }));
    lab.receiver.compressedRun(runOf('x', { volume: volumeNumber(1) }));
    expect(lab.told()).to.deep.equal(Array(4).fill(`runRefused 1 ${outside}`));
    lab.receiver.compressedRun(runOf('x'.repeat(128)));
    lab.settle();
    expect(lab.told()).to.deep.equal(['stored 1 of 1']);
  });

  it('keeps those that come before the beginning is durable until it is', () => {
    const lab = new ReplicaLab({ volumes: [32] });
    lab.runForms = { takenBits: 15, sentBits: 0, held: false };
    const of = { epoch: epoch(1), generation: generation(1), base: generation(0), full: true, state: 'COPY' } as const;
    lab.receiver.begin({ kind: 'begin', ...of });
    lab.receiver.compressedRun(runOf('ab'));
    expect(lab.waiting).to.deep.equal([]);
    lab.settle();
    expect(lab.told()).to.deep.equal(['stored 1 of 1']);
  });
});
