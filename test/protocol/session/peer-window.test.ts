import { expect } from 'chai';
import { Endpoint } from '../../../protocol/session/endpoint.js';
import { LossyLine } from '../link/lossy-line.js';
import { EndpointEnd } from './endpoint-end.js';
import { HandMadePeer } from './hand-made-peer.js';

const line = (a: EndpointEnd, b: EndpointEnd | HandMadePeer) =>
  new LossyLine(a, b, { bytesPerSecond: 300_000, latencyUs: 1000, seed: 1 });

describe('the window that an endpoint learns of its peer', () => {
  for (const [name, seal] of [
    ['in clear', {}],
    ['sealed', { key: Buffer.alloc(32, 0x5a) }],
  ] as const) {
    it(`is what the hello of each side says, while the session is open (${name})`, () => {
      const main = new EndpointEnd({
        role: 'main',
        peers: ['sub'],
        entropy: Buffer.alloc(32, 1),
        windowBits: 12,
        ...seal,
      });
      const sub = new EndpointEnd({ role: 'sub', peers: ['main'], entropy: Buffer.alloc(32, 2), ...seal });
      const between = line(main, sub);
      expect(sub.endpoint.peerForms, 'no session yet').to.equal(undefined);
      between.up();
      between.run(1_000_000, () => main.endpoint.open && sub.endpoint.open);
      expect([main.endpoint.peerForms?.windowBits, sub.endpoint.peerForms?.windowBits]).to.deep.equal([0, 12]);
      main.endpoint = new Endpoint({
        role: 'main',
        peers: ['sub'],
        entropy: Buffer.alloc(32, 3),
        windowBits: 9,
        ...seal,
      });
      main.endpoint.lineUp(between.nowUs);
      between.run(between.nowUs + 3_000_000);
      expect(sub.endpoint.peerForms?.windowBits, 'of the next session').to.equal(9);
    });
  }

  it('is none where a hello says what no stream has', () => {
    const main = new EndpointEnd({ role: 'main', peers: ['sub'], entropy: Buffer.alloc(32, 1), windowBits: 15 });
    const peer = new HandMadePeer({ capabilities: 0x803 });
    const between = line(main, peer);
    between.up();
    between.run(1_000_000, () => main.endpoint.open);
    expect([main.endpoint.open, main.endpoint.peerForms?.windowBits]).to.deep.equal([true, 0]);
  });
});
