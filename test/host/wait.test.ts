import { expect } from 'chai';
import { HostClient } from '../../host/client.js';
import { GenerationFailed } from '../../host/generation-failed.js';
import { RefusalError, refusals } from '../../protocol/refusals.js';

/** A host whose controller answers each wait with this number as the reason. */
function answeredWith(reason: number): HostClient {
  const client = new HostClient({ entropy: new Uint8Array(32), onSubmit: () => {} });
  return Object.assign(client, { instruct: async () => ({ kind: 'waited', request: 1, generation: 4, reason }) });
}

describe('a host that waits for a generation', () => {
  it('is told that it is so far, or why it failed', async () => {
    await answeredWith(0).wait(4);
    const error = await answeredWith(refusals['disk-error'].number)
      .wait(4)
      .catch((caught: unknown) => caught);
    expect(error).to.be.instanceOf(GenerationFailed).with.nested.property('refusal.code', 'disk-error');
  });

  it('does not take a failure for success because its reason has no name here', async () => {
    const error = await answeredWith(60_000)
      .wait(4)
      .catch((caught: unknown) => caught);
    expect(error).to.be.instanceOf(RefusalError).and.not.instanceOf(GenerationFailed);
    expect(error).to.have.nested.property('refusal.code', 'message-value');
    expect(error).to.have.property('message').that.contains('generation 4 failed for reason 60000');
  });
});
