import { expect } from 'chai';
import { decodeFrame, encodeFrame } from '../../../protocol/frame/frame.js';
import { Link } from '../../../protocol/link/link.js';
import { decodeOpen, encodeOpen } from '../../../protocol/link/open-frame.js';

const secondUs = 1_000_000;

/** Of each open that leaves now, whether it asks. */
function opensOf(link: Link, nowUs: number): boolean[] {
  const asks: boolean[] = [];
  for (let bytes = link.transmit(nowUs); bytes !== undefined; bytes = link.transmit(nowUs)) {
    const decoded = decodeFrame(bytes.subarray(0, -1), 0);
    if (!decoded.ok || decoded.frame.kind !== 'open') continue;
    const open = decodeOpen(decoded.frame.payload);
    if (open.ok) asks.push(open.open.ask);
  }
  return asks;
}

describe('a link that hears of another version', () => {
  it('refuses an open of another version and answers with its own', () => {
    const b = new Link({ entropy: Buffer.from('b') });
    b.lineUp(0);
    while (b.transmit(0) !== undefined);
    const limits = { windowUnits: 1, payloadUnitsMax: 1, messageBytesMax: 1 };
    const payload = encodeOpen({ ask: true, running: false, own: 5n, peer: 0n, next: [0, 0, 0], limits });
    payload[0] = 2;
    const other = encodeFrame({ kind: 'open', payload }, 0).subarray(0, -1);
    const events = b.receiveFrame(other, 10);
    expect(events[0]).to.have.nested.property('refusal.code', 'version-mismatch');
    expect(opensOf(b, 10)).to.deep.equal([false]);
  });

  it('answers another version without a question, and at most once in 100 ms', () => {
    const b = new Link({ entropy: Buffer.from('b') });
    b.lineUp(0);
    const limits = { windowUnits: 1, payloadUnitsMax: 1, messageBytesMax: 1 };
    const payload = encodeOpen({ ask: true, running: false, own: 5n, peer: 0n, next: [0, 0, 0], limits });
    payload[0] = 2;
    const other = encodeFrame({ kind: 'open', payload }, 0).subarray(0, -1);
    const answers: boolean[] = [];
    for (let atUs = 0; atUs < secondUs; atUs += 1000) {
      b.receiveFrame(other, atUs);
      answers.push(...opensOf(b, atUs));
    }
    expect(answers.filter((asks) => !asks).length).to.be.within(5, 10);
    // Those of its own: at 0, 100, 300 and 700 ms.
    expect(answers.filter((asks) => asks).length).to.equal(4);
  });
});
