/** Somebody on the line who takes a message off it and acknowledges it in the receiver's place: acknowledgements are not authentic. */
import { expect } from 'chai';
import { decodeFrame, FrameEncoder, markOf } from '../../../protocol/frame/frame.js';
import { generation } from '../../../protocol/ids.js';
import { unitBytes } from '../../../protocol/limits.js';
import { encodeAcknowledgement } from '../../../protocol/link/acknowledgement.js';
import { replication } from '../../../protocol/message/message.js';
import type { Message } from '../../../protocol/message/messages.js';
import { LossyLine } from '../link/lossy-line.js';
import { EndpointEnd } from './endpoint-end.js';

const minuteUs = 60_000_000;
const key = Buffer.alloc(32, 0x5a);
const structured = (of: number): Message => ({ kind: 'structured', generation: generation(of) });

/** An end with somebody at its line. */
class WatchedEnd extends EndpointEnd {
  /** Takes what leaves in the queue of replication off the line. */
  swallows = false;
  /** Of the frames that arrive here: whoever listens gets it from any of them. */
  #mark = 0;
  readonly #encoder = new FrameEncoder();

  override receiveFrame(frame: Uint8Array, nowUs: number): void {
    if (frame.length > 0) this.#mark = markOf(frame) ?? this.#mark;
    super.receiveFrame(frame, nowUs);
  }

  override transmit(nowUs: number): Uint8Array | undefined {
    const encoded = super.transmit(nowUs);
    const plain = encoded?.subarray(0, -1);
    const decoded = plain && decodeFrame(plain, markOf(plain) ?? 0);
    if (!this.swallows || decoded?.ok !== true || decoded.frame.kind !== 'data') return encoded;
    const { priority, sequence, payload } = decoded.frame;
    if (priority !== replication) return encoded;
    const next = (sequence + Math.max(1, Math.ceil(payload.length / unitBytes))) & 0xffff;
    const forged = encodeAcknowledgement([{ priority, next, runs: [] }]);
    this.receiveFrame(
      this.#encoder.encode({ kind: 'acknowledgement', payload: forged }, this.#mark).subarray(0, -1),
      nowUs,
    );
    return this.transmit(nowUs);
  }
}

describe('a sealed message that is taken off the line and acknowledged by somebody else', () => {
  it('is missed by nobody while its queue is silent, and when the next one comes the session ends and opens anew', () => {
    const main = new WatchedEnd({ role: 'main', peers: ['sub'], entropy: Buffer.alloc(32, 1), key });
    const sub = new EndpointEnd({ role: 'sub', peers: ['main'], entropy: Buffer.alloc(32, 2), key });
    const line = new LossyLine(main, sub, { bytesPerSecond: 300_000, latencyUs: 1000, seed: 1 });
    line.up();
    line.run(minuteUs);
    main.endpoint.send(structured(1), line.nowUs, replication);
    line.run(line.nowUs + minuteUs);
    expect(sub.messages()).to.deep.equal(['structured']);

    main.swallows = true;
    main.endpoint.send(structured(2), line.nowUs, replication);
    line.run(line.nowUs + 60 * minuteUs);
    expect([main.endpoint.queuedBytes, main.endpoint.open, sub.endpoint.open]).to.deep.equal([0, true, true]);
    expect([main.kinds(), sub.kinds()]).to.deep.equal([['opened'], ['opened', 'message']]);

    main.swallows = false;
    main.endpoint.send(structured(3), line.nowUs, replication);
    line.run(line.nowUs + minuteUs);
    expect(main.refusals()).to.deep.equal(['acknowledgement-contradicted']);
    expect(sub.messages()).to.deep.equal(['structured']);
    expect(sub.kinds().filter((kind) => kind !== 'refused')).to.deep.equal(['opened', 'message', 'closed', 'opened']);
    expect(main.kinds().filter((kind) => kind !== 'refused')).to.deep.equal(['opened', 'closed', 'opened']);
  });
});
