import { expect } from 'chai';
import { statusText } from '../../hil/cli/commands/host/status.js';
import { statusOf } from '../../host/status.js';
import type { MessageNamed } from '../../protocol/message/messages.js';
import { RefusalError } from '../../protocol/refusals.js';
import { vectors } from '../protocol/vectors.js';

const golden = vectors.messages.map(({ message }) => message).find(({ kind }) => kind === 'status');
const status = golden as MessageNamed<'status'>;

describe('the status of a controller', () => {
  it('names a reason that this version knows, and shows the number of any other', () => {
    const reasons = (number: number) => {
      const lines = [{ name: 'remote', up: false, refused: number }];
      const shown = statusOf({ ...status, reason: number, failedReason: number, lines });
      return [shown.reason, shown.generation.failedReason, shown.lines[0]?.refused];
    };
    expect(reasons(84)).to.deep.equal(['disk-error', 'disk-error', 'disk-error']);
    expect(reasons(999)).to.deep.equal([999, 999, 999]);
    expect(reasons(0)).to.deep.equal([null, null, null]);
  });

  it('shows people such a number too', () => {
    const lines = [{ name: 'remote', up: false, refused: 998 }];
    const text = statusText(statusOf({ ...status, reason: 999, lines }));
    expect(text).to.contain('(999: a reason that this version does not know)').and.to.contain('remote down (998: ');
  });

  it('is refused by name when whoever answers says that it is none', () => {
    expect(statusOf(status).role).to.equal(status.role);
    expect(() => statusOf({ ...status, role: 'disk' }))
      .to.throw(RefusalError)
      .with.nested.property('refusal.code', 'message-value');
  });
});
