import { expect } from 'chai';
import { Eavesdropper } from '../../../../hil/simulate/link/eavesdropper.js';
import { encodeFrame } from '../../../../protocol/frame/frame.js';
import { encodeAcknowledgement } from '../../../../protocol/link/acknowledgement.js';
import type { Priority } from '../../../../protocol/message/message.js';
import { encodeMessage, type Message } from '../../../../protocol/message/messages.js';

/** What is reported of these messages, each from `a` in a link with this mark. */
function reportedOf(...messages: readonly (readonly [mark: number, Message, queue?: Priority])[]): string[] {
  const reported: string[] = [];
  const eavesdropper = new Eavesdropper(
    (check) => reported.push(check),
    () => reported.push('cut short'),
  );
  for (const [mark, message, priority = 0] of messages) {
    const payload = encodeMessage(message);
    const frame = { kind: 'data', priority, first: true, last: true, sequence: 0, payload } as const;
    eavesdropper.hear('a', encodeFrame(frame, mark));
  }
  return reported;
}

const hello = (salt: number): Message => ({
  kind: 'hello',
  version: 1,
  role: 'main',
  capabilities: 1,
  keyed: true,
  salt: Buffer.alloc(32, salt),
});
const sealed = (counter: number, first: number, last = 0): Message => {
  const ciphertext = Buffer.alloc(40, first);
  ciphertext[39] = last;
  return { kind: 'sealed', counter, ciphertext };
};

describe('somebody who listens to a line', () => {
  it('hears nothing wrong in salts and counters that serve once, however often their frames are repeated', () => {
    expect(reportedOf([1, hello(5)], [1, hello(5)], [2, hello(6)])).to.deep.equal([]);
    expect(reportedOf([1, sealed(1, 7)], [1, sealed(1, 7)], [1, sealed(2, 8)], [2, sealed(1, 9)])).to.deep.equal([]);
  });

  it('hears a salt in a second session', () => {
    expect(reportedOf([1, hello(5)], [2, hello(5)])).to.deep.equal(['salt']);
  });

  it('hears a counter with a second message', () => {
    expect(reportedOf([1, sealed(1, 7)], [1, sealed(1, 8)])).to.deep.equal(['nonce']);
  });

  it('hears nothing wrong in a counter that serves once in each queue', () => {
    expect(reportedOf([1, sealed(1, 7), 0], [1, sealed(1, 8), 1], [1, sealed(1, 9), 2])).to.deep.equal([]);
    expect(reportedOf([1, sealed(1, 7), 1], [1, sealed(1, 8), 1])).to.deep.equal(['nonce']);
  });

  it('hears messages begin alike in two queues, which then have one key', () => {
    expect(reportedOf([1, sealed(1, 7, 1), 0], [1, sealed(1, 7, 2), 1])).to.deep.equal(['nonce']);
  });

  it('hears messages begin alike under two counters, in one session or in two', () => {
    expect(reportedOf([1, sealed(1, 7, 1)], [1, sealed(2, 7, 2)])).to.deep.equal(['nonce']);
    expect(reportedOf([1, sealed(1, 7, 1)], [2, sealed(1, 7, 2)])).to.deep.equal(['nonce']);
  });

  it('hears that an acknowledgement could not name all', () => {
    const reported: string[] = [];
    const eavesdropper = new Eavesdropper(
      () => {},
      () => reported.push('cut short'),
    );
    for (const pairs of [3, 40]) {
      const runs = new Array<number>(2 * pairs).fill(1);
      const payload = encodeAcknowledgement([{ priority: 1, next: 9, runs }]);
      eavesdropper.hear('a', encodeFrame({ kind: 'acknowledgement', payload }, 5));
      expect(reported.length).to.equal(pairs === 3 ? 0 : 1);
    }
  });
});
