/** Controllers with keys, and somebody at their ports who has none or another: what he orders is not even heard. */
import { expect } from 'chai';
import { epoch, generation } from '../../protocol/ids.js';
import type { Message } from '../../protocol/message/messages.js';
import { refusals } from '../../protocol/refusals.js';
import { Lab } from './lab.js';
import { type Impostor, RemotePeer } from './remote-peer.js';

const key = Buffer.alloc(32, 'the key between the controllers');
const hostKey = Buffer.alloc(32, 'the key of the host lines');

/** What somebody says who wants to be taken for the other end, and the refusal that a controller answers with. */
const impostors: Readonly<Record<string, Impostor & { readonly refusal: keyof typeof refusals }>> = {
  'has no key': { refusal: 'key-required' },
  'has another key': { key: Buffer.alloc(32, 'guessed'), refusal: 'wrong-key' },
  'says that it has no key, and has': { key, hello: { keyed: false }, refusal: 'key-required' },
  'plays the part of the wrong role': { key, hello: { role: 'disk' }, refusal: 'wrong-role' },
  'offers no cipher': { key, hello: { capabilities: 0 }, refusal: 'capability-missing' },
  'proves nothing': { key, provenSalt: Buffer.alloc(32), refusal: 'wrong-key' },
};

const orders: readonly Message[] = [
  { kind: 'freeze', request: 1, token: Buffer.alloc(16, 1) },
  { kind: 'takeover', request: 2, force: true },
  { kind: 'failback', request: 3, discard: true },
  { kind: 'suspend', request: 4 },
  { kind: 'resync', request: 5 },
  { kind: 'getStatus', request: 6 },
  { kind: 'failbackAsk', request: 7, epoch: epoch(1), committed: generation(1), discard: true },
];

for (const port of ['host', 'remote'] as const) {
  for (const victim of ['main', 'sub'] as const) {
    describe(`the ${port} port of a ${victim} with keys`, () => {
      for (const [who, impostor] of Object.entries(impostors)) {
        it(`refuses a peer that ${who}, and hears nothing that it orders`, async () => {
          const lab = new Lab({ keys: { hostMain: hostKey, hostSub: hostKey, mainSub: key } });
          await lab.write(0, 4);
          await lab.image();
          const before = lab.fingerprint();
          const of = port === 'host' && impostor.key === key ? { ...impostor, key: hostKey } : impostor;
          const peer = RemotePeer.attach(lab, victim, port, of);
          await lab.until(() => peer.heard('refused').length > 0);
          expect(peer.heard('refused')[0]).to.include({ request: 0, code: refusals[impostor.refusal].number });
          const attachedUs = lab.bench.kernel.nowUs;
          for (const order of orders) {
            peer.say(order);
            peer.saySealed(order);
            await lab.bench.pass(3_000_000);
          }
          expect(lab.fingerprint()).to.equal(before);
          // Its proof may come as well, which it cannot open.
          const told = new Set(peer.told);
          told.delete('sealed');
          expect([...told]).to.deep.equal(['hello', 'refused']);
          const sessions = lab.bench.kernel.notes.filter(
            ({ device, atUs, effect }) =>
              device === victim && atUs > attachedUs && effect.kind === 'mark' && effect.name === 'session',
          );
          expect(sessions).to.deep.equal([]);
        });
      }
    });
  }
}

describe('the keys of a controller’s lines', () => {
  it('are not good for each other', async () => {
    const lab = new Lab({ keys: { hostMain: hostKey, hostSub: hostKey, mainSub: key } });
    const peer = RemotePeer.attach(lab, 'main', 'host', { key });
    await lab.until(() => peer.heard('refused').length > 0);
    expect(peer.heard('refused')[0]).to.include({ code: refusals['wrong-key'].number });
  });
});
