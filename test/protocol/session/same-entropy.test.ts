/** A side whose source of entropy gives the same at each power on, as that of a board without one does. */
import { expect } from 'chai';
import { generation } from '../../../protocol/ids.js';
import { replication } from '../../../protocol/message/message.js';
import type { Message } from '../../../protocol/message/messages.js';
import { LossyLine } from '../link/lossy-line.js';
import { EndpointEnd } from './endpoint-end.js';

const structured = (of: number): Message => ({ kind: 'structured', generation: generation(of) });

describe('a side that begins anew with the link id of before', () => {
  it('is found out by what it lacks, and gets a fresh link', () => {
    const sub = () => new EndpointEnd({ role: 'sub', peers: ['main'], entropy: Buffer.alloc(32, 2) });
    const main = new EndpointEnd({ role: 'main', peers: ['sub'], entropy: Buffer.alloc(32, 1) });
    const restarting = sub();
    const line = new LossyLine(main, restarting, { bytesPerSecond: 300_000, latencyUs: 1000, seed: 1 });
    line.up();
    line.run(5_000_000);
    main.endpoint.send(structured(1), line.nowUs, replication);
    line.run(10_000_000);
    line.cut();
    restarting.endpoint = sub().endpoint;
    line.up();
    line.run(15_000_000);
    expect(main.refusals()).to.include('acknowledgement-contradicted');
    expect([main.endpoint.open, restarting.endpoint.open]).to.deep.equal([true, true]);
    main.endpoint.send(structured(2), line.nowUs, replication);
    line.run(20_000_000);
    expect(restarting.messages()).to.have.lengthOf(2);
  });
});
