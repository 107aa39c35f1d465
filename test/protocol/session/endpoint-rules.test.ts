import { crc32 } from 'node:zlib';
import { expect } from 'chai';
import { encodeMessage, type Message, type MessageNamed } from '../../../protocol/message/messages.js';
import { Endpoint } from '../../../protocol/session/endpoint.js';
import { LossyLine } from '../link/lossy-line.js';
import { EndpointEnd } from './endpoint-end.js';
import { HandMadePeer } from './hand-made-peer.js';

const secondUs = 1_000_000;
const key = Buffer.alloc(32, 0x5a);
const structured: MessageNamed<'structured'> = { kind: 'structured', generation: 7 as never };
const refused = (code: number, request = 0): Message => ({ kind: 'refused', request, code, detail: '' });

interface Met {
  readonly main: EndpointEnd;
  readonly peer: HandMadePeer;
  readonly line: LossyLine;
  /** Bytes of a message, sealed when the session is. */
  say(message: Message): void;
  /** Lets a second pass; what main told meanwhile, as words, without frames of a link that has been given up. */
  heard(): string[];
}

/** An endpoint as main and a sub made by hand on a line; `before` changes what the sub says. */
function met(
  of: { key?: Uint8Array; hello?: Partial<MessageNamed<'hello'>>; before?: (peer: HandMadePeer) => void } = {},
): Met {
  const main = new EndpointEnd({
    role: 'main',
    peers: ['sub'],
    entropy: Buffer.alloc(32, 1),
    ...(of.key && { key: of.key }),
  });
  const peer = new HandMadePeer(of.hello ?? {}, of.key);
  of.before?.(peer);
  const line = new LossyLine(main, peer, { bytesPerSecond: 300_000, latencyUs: 1000, seed: 1 });
  line.up();
  return {
    ...{ main, peer, line },
    say(message) {
      peer.sayInSession(encodeMessage(message));
    },
    heard() {
      line.run(line.nowUs + secondUs);
      const told = main.events.splice(0).map((event) => {
        if (event.kind === 'message') return event.message.kind;
        if (event.kind === 'refused') return `refused ${event.refusal.code}`;
        return event.kind === 'closed' ? `closed ${event.reason.code}` : event.kind;
      });
      return told.filter((each) => each !== 'refused frame-session');
    },
  };
}

describe('the rules of a session', () => {
  it('let no message leave, least of all in clear, before the session is open', () => {
    for (const of of [{}, { key }]) {
      const { main, peer, line, heard } = met(of);
      for (let turn = 0; !main.endpoint.open; turn += 1) {
        expect(turn).to.be.below(10_000);
        main.endpoint.send(structured, line.nowUs);
        line.run(line.nowUs + 100);
      }
      expect(heard()).to.deep.equal(['opened']);
      expect(peer.received.map(({ kind }) => kind)).to.not.include('structured');
    }
  });

  it('tell when a good frame of the peer last arrived', () => {
    const { main, line, heard, say } = met();
    heard();
    const untilUs = line.nowUs;
    expect(main.endpoint.heardUs).to.be.within(1, untilUs - 1);
    say(structured);
    heard();
    expect(main.endpoint.heardUs).to.be.within(untilUs, line.nowUs);
  });

  it('tell of no end of a session that was not open', () => {
    const { main, peer, line, heard } = met({ hello: { version: 2 } });
    expect(heard()).to.deep.equal(['refused version-mismatch']);
    peer.link.forget();
    peer.link.lineUp(line.nowUs);
    expect([heard(), main.endpoint.open]).to.deep.equal([['refused version-mismatch'], false]);
  });

  it('take nothing more of a session that this side has refused', () => {
    const { peer, heard, say } = met({ hello: { version: 2 } });
    expect(heard()).to.deep.equal(['refused version-mismatch']);
    say(structured);
    peer.say(Buffer.from('damaged beyond repair'));
    expect(heard()).to.deep.equal([]);
  });

  it('take nothing more of a session that the other side has refused', () => {
    const { heard, say } = met();
    expect(heard()).to.deep.equal(['opened']);
    say(refused(36));
    expect(heard()).to.deep.equal(['closed wrong-role', 'refused wrong-role']);
    say(structured);
    expect(heard()).to.deep.equal([]);
  });

  it('understand a refusal that comes in the place of the hello', () => {
    const { heard } = met({
      before: (peer) => {
        peer.say = () => peer.link.send(encodeMessage(refused(32)), 0);
      },
    });
    expect(heard()).to.deep.equal(['refused version-mismatch']);
  });

  it('begin anew when something else comes before hello or proof, which may have been lost for it', () => {
    const sealed = encodeMessage({ kind: 'sealed', counter: 0, ciphertext: Buffer.alloc(40) });
    const unknown = Buffer.from(encodeMessage(structured));
    unknown[0] = 0xee;
    unknown.writeUInt32LE(crc32(unknown.subarray(0, -4), 0x434f4c44), unknown.length - 4);
    for (const [bytes, beforeProof, codes] of [
      [encodeMessage(structured), true, ['not-sealed']],
      [encodeMessage(structured), false, ['not-sealed']],
      [sealed, false, ['sealed-missing']],
      [unknown, true, ['not-sealed']],
      [unknown, false, ['not-sealed']],
    ] as const) {
      let said = 0;
      const { heard } = met({
        key,
        before: (peer) => {
          const say = peer.say.bind(peer);
          peer.say = (each, priority) => {
            if ((peer.seals !== undefined) === beforeProof && said === 0) {
              said += 1;
              say(bytes);
            } else say(each, priority);
          };
        },
      });
      expect(heard()).to.deep.equal([...codes.map((code) => `refused ${code}`), 'opened']);
    }
  });

  it('take nothing else that is sealed for the proof', () => {
    const { heard } = met({
      key,
      before: (peer) => {
        const say = peer.say.bind(peer);
        peer.say = (bytes) => {
          say(peer.seals === undefined ? bytes : encodeMessage(peer.seals.seal(encodeMessage(structured), 0)));
        };
      },
    });
    expect(heard()).to.deep.equal(['refused wrong-key']);
  });

  it('take neither hello nor proof nor a sealed message within the session', () => {
    for (const of of [{}, { key }]) {
      const { peer, heard, say } = met(of);
      expect(heard()).to.deep.equal(['opened']);
      say(peer.hello);
      say({ kind: 'proof', peerSalt: Buffer.alloc(32) });
      say({ kind: 'sealed', counter: 1, ciphertext: Buffer.alloc(40) });
      expect(heard()).to.deep.equal(Array(3).fill('refused message-unexpected'));
    }
  });

  it('try again by themselves after a refusal, with a key, as often as it takes', () => {
    const { main, peer, heard } = met({
      key,
      before: (each) => {
        each.provenSalt = Buffer.alloc(32);
      },
    });
    const told = Array.from({ length: 12 }, heard).flat();
    expect(told).to.deep.equal(Array(3).fill('refused wrong-key'));
    peer.provenSalt = undefined;
    expect(Array.from({ length: 5 }, heard).flat()).to.deep.equal(['opened']);
    expect([main.endpoint.open, main.endpoint.cipher]).to.deep.equal([true, 'aes-256-gcm']);
  });

  it('try again after a refusal that the other side tells, with a key, and without one do not', () => {
    for (const [of, again] of [
      [{ key }, ['opened']],
      [{}, []],
    ] as const) {
      let refusing = true;
      const { heard } = met({
        ...of,
        before: (peer) => {
          const say = peer.say.bind(peer);
          peer.say = (bytes, priority) => say(refusing ? encodeMessage(refused(36)) : bytes, priority);
        },
      });
      expect(heard()).to.deep.equal(['refused wrong-role']);
      refusing = false;
      expect(Array.from({ length: 6 }, heard).flat()).to.deep.equal(again);
    }
  });

  it('do not try again on a line that is down', () => {
    const { main, line, heard } = met({ key, hello: { version: 2 } });
    expect(heard()).to.deep.equal(['refused version-mismatch']);
    line.cut();
    expect(main.endpoint.deadline()).to.equal(undefined);
    expect(Array.from({ length: 6 }, heard).flat()).to.deep.equal([]);
  });

  it('hand refusals of requests on, and those that are no reason to end a session', () => {
    const { main, heard, say } = met();
    heard();
    for (const each of [refused(36, 5), refused(48), refused(9999)]) say(each);
    expect([heard(), main.endpoint.open]).to.deep.equal([['refused', 'refused', 'refused'], true]);
  });

  it('begin anew when a message arrives damaged, whichever check it is that fails', () => {
    const damaged = Buffer.from(encodeMessage(structured));
    damaged[3] = (damaged[3] as number) ^ 1;
    for (const [bytes, code] of [
      [damaged, 'message-check'],
      [damaged.subarray(0, 3), 'message-truncated'],
    ] as const) {
      const clear = met();
      clear.heard();
      clear.peer.say(bytes);
      expect(clear.heard()).to.deep.equal([`refused ${code}`, 'closed line-lost', 'opened']);
      const inner = met({ key });
      inner.heard();
      const sealed = inner.peer.seals?.seal(bytes, 0);
      if (sealed === undefined) throw new Error('the session is sealed');
      inner.peer.say(encodeMessage(sealed));
      expect(inner.heard()).to.deep.equal([`refused ${code}`, 'closed line-lost', 'opened']);
    }
    const outer = met({ key });
    outer.heard();
    const sealed = outer.peer.seals?.seal(encodeMessage(structured), 0);
    if (sealed === undefined) throw new Error('the session is sealed');
    outer.peer.say(encodeMessage({ ...sealed, ciphertext: sealed.ciphertext.subarray(1) }));
    expect(outer.heard()).to.deep.equal(['refused sealed-invalid', 'closed line-lost', 'opened']);
  });

  it('begin anew when a message comes in clear into a sealed session, whatever it is', () => {
    for (const message of [structured, refused(35), { kind: 'proof', peerSalt: Buffer.alloc(32) }] as const) {
      const { main, heard, peer } = met({ key });
      heard();
      peer.say(encodeMessage(message));
      peer.sayInSession(encodeMessage(structured));
      expect([heard(), main.endpoint.open]).to.deep.equal([['refused not-sealed', 'closed line-lost', 'opened'], true]);
    }
  });

  it('go on when what arrives is whole, from the peer, and refused for something else', () => {
    const { main, heard, peer, say } = met({ key });
    heard();
    const unknown = Buffer.from(encodeMessage(structured));
    unknown[0] = 0xee;
    unknown.writeUInt32LE(crc32(unknown.subarray(0, -4), 0x434f4c44), unknown.length - 4);
    peer.sayInSession(unknown);
    say(structured);
    expect([heard(), main.endpoint.open]).to.deep.equal([['refused message-tag', 'structured'], true]);
  });

  it('do not let an endpoint speak to its own role', () => {
    expect(() => new Endpoint({ role: 'sub', peers: ['main', 'sub'], entropy: Buffer.alloc(32) })).to.throw(
      'different',
    );
  });
});
