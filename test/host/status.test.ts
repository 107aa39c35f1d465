import { expect } from 'chai';
import { statusOf } from '../../host/status.js';
import type { MessageNamed } from '../../protocol/message/messages.js';
import { RefusalError } from '../../protocol/refusals.js';
import { vectors } from '../protocol/vectors.js';

const golden = vectors.messages.map(({ message }) => message).find(({ kind }) => kind === 'status');
const status = golden as MessageNamed<'status'>;

describe('the status of a controller', () => {
  it('is refused by name when whoever answers says that it is none', () => {
    expect(statusOf(status).role).to.equal(status.role);
    expect(() => statusOf({ ...status, role: 'disk' }))
      .to.throw(RefusalError)
      .with.nested.property('refusal.code', 'message-value');
  });
});
