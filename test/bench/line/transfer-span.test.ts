import { expect } from 'chai';
import { FrameEncoder } from '../../../protocol/frame/frame.js';
import { replication } from '../../../protocol/message/message.js';
import { TransferSpan } from './transfer-span.js';

/** A span that takes frames of the replication queue, each at its second. */
function taking(): { span: TransferSpan; take: (atS: number, sequence: number, bytes: number, flags: string) => void } {
  const span = new TransferSpan();
  const encoder = new FrameEncoder();
  const take = (atS: number, sequence: number, bytes: number, flags: string): void => {
    const [first, last] = [flags.includes('first'), flags.includes('last')];
    const payload = Buffer.alloc(bytes, 1);
    span.take(encoder.encode({ kind: 'data', priority: replication, first, last, sequence, payload }, 0), atS * 1e6);
  };
  return { span, take };
}

describe('the span of a transfer', () => {
  it('goes from the first fragment of a run of blocks to the first short message behind it', () => {
    const { span, take } = taking();
    take(1, 0, 29, 'first last');
    take(2, 1, 4096, 'first');
    take(3, 65, 4096, '');
    take(4, 129, 100, 'last');
    take(9, 131, 50, 'first last');
    expect(span.seconds).to.equal(7);
  });

  it('does not end with a short message that is repeated', () => {
    const { span, take } = taking();
    take(1, 0, 29, 'first last');
    take(2, 1, 4096, 'first');
    take(3, 65, 4096, '');
    take(4, 0, 29, 'first last');
    expect(() => span.seconds).to.throw('no whole transfer');
    take(9, 129, 50, 'first last');
    expect(span.seconds).to.equal(7);
  });
});
