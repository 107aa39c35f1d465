import { expect } from 'chai';
import { decodeFrame, markOf } from '../../../protocol/frame/frame.js';
import { encodeMessage, type Message, type MessageNamed } from '../../../protocol/message/messages.js';
import { Endpoint } from '../../../protocol/session/endpoint.js';
import type { EndpointOptions } from '../../../protocol/session/endpoint-types.js';
import type { Seals } from '../../../protocol/session/seals.js';
import { LossyLine, noFaults } from '../link/lossy-line.js';
import { EndpointEnd } from './endpoint-end.js';
import { HandMadePeer } from './hand-made-peer.js';

const secondUs = 1_000_000;
const key = Buffer.alloc(32, 0x5a);

interface Pair {
  readonly main: EndpointEnd;
  readonly sub: EndpointEnd;
  readonly line: LossyLine;
}

function pairOf(ofMain: Partial<EndpointOptions> = {}, ofSub: Partial<EndpointOptions> = {}): Pair {
  const main = new EndpointEnd({ role: 'main', peers: ['sub'], entropy: Buffer.alloc(32, 1), ...ofMain });
  const sub = new EndpointEnd({ role: 'sub', peers: ['main'], entropy: Buffer.alloc(32, 2), ...ofSub });
  return { main, sub, line: new LossyLine(main, sub, { bytesPerSecond: 300_000, latencyUs: 1000, seed: 1 }) };
}

function openedPair(options: Partial<EndpointOptions> = {}): Pair {
  const pair = pairOf(options, options);
  pair.line.up();
  expect(
    pair.line.run(secondUs, () => pair.main.endpoint.open && pair.sub.endpoint.open),
    'both open',
  ).to.equal(true);
  return pair;
}

const structured: MessageNamed<'structured'> = { kind: 'structured', generation: 7 as never };
const runRefused = (run: number): MessageNamed<'runRefused'> => ({
  kind: 'runRefused',
  generation: 7 as never,
  run,
  code: 80,
});
const run = (bytes: number): MessageNamed<'blockRun'> => ({
  kind: 'blockRun',
  run: 1,
  generation: 7 as never,
  volume: 0 as never,
  first: 0 as never,
  count: 1,
  digest: Buffer.alloc(16),
  data: Buffer.alloc(bytes, 0x77),
});

for (const [name, options] of [
  ['in clear', {}],
  ['sealed', { key }],
] as const) {
  describe(`session ${name}`, () => {
    it('opens on both sides with the role of the other', () => {
      const { main, sub } = openedPair(options);
      expect(main.events).to.deep.equal([{ kind: 'opened', peer: 'sub' }]);
      expect(sub.events).to.deep.equal([{ kind: 'opened', peer: 'main' }]);
    });

    it('carries messages, urgent ones first', () => {
      const { main, sub, line } = openedPair(options);
      for (let count = 0; count < 20; count += 1) main.endpoint.send(run(20_000), line.nowUs);
      main.endpoint.send(structured, line.nowUs);
      line.run(line.nowUs + 3 * secondUs);
      expect(sub.messages()[0]).to.equal('structured');
      expect(sub.messages().slice(1)).to.deep.equal(Array.from({ length: 20 }, () => 'blockRun'));
      expect(sub.refusals()).to.deep.equal([]);
      expect(main.endpoint.queuedBytes).to.equal(0);
    });

    it('drops what is sent before it is open', () => {
      const { main, sub, line } = pairOf(options, options);
      line.up();
      main.endpoint.send(structured, 0);
      line.run(secondUs);
      expect(sub.messages()).to.deep.equal([]);
    });

    it('goes on after a lost line, with every message once', () => {
      const { main, sub, line } = openedPair(options);
      for (let count = 0; count < 20; count += 1) main.endpoint.send(run(20_000), line.nowUs);
      line.run(line.nowUs + secondUs / 2);
      line.cut();
      line.run(line.nowUs + 30 * secondUs);
      line.up();
      line.run(line.nowUs + 3 * secondUs);
      expect(sub.kinds()).to.deep.equal(['opened', ...Array.from({ length: 20 }, () => 'message')]);
      expect(main.kinds()).to.deep.equal(['opened']);
    });

    it('closes and opens anew when the other side has lost its memory', () => {
      const { main, sub, line } = openedPair(options);
      const before = main.sent.length;
      sub.endpoint = new Endpoint({ role: 'sub', peers: ['main'], entropy: Buffer.alloc(32, 3), ...options });
      sub.endpoint.lineUp(line.nowUs);
      line.run(line.nowUs + 3 * secondUs);
      expect(main.kinds()).to.deep.equal(['opened', 'closed', 'opened']);
      expect(main.events[1]).to.have.nested.property('reason.code', 'peer-restarted');
      expect(main.sent[before]?.equals(main.sent[0] as Buffer), 'the same hello again').to.equal(false);
    });

    it('opens through noise', () => {
      const { main, sub, line } = pairOf(options, options);
      line.faults = { ...noFaults, bitErrorRate: 1e-3 };
      line.up();
      expect(line.run(60 * secondUs, () => main.endpoint.open && sub.endpoint.open)).to.equal(true);
    });
  });
}

describe('session refusals', () => {
  function refusalsOf(
    ofMain: Partial<EndpointOptions>,
    ofSub: Partial<EndpointOptions>,
  ): { main: string[]; sub: string[] } {
    const { main, sub, line } = pairOf(ofMain, ofSub);
    line.up();
    line.run(3 * secondUs);
    expect([main.endpoint.open, sub.endpoint.open]).to.deep.equal([false, false]);
    return { main: main.refusals(), sub: sub.refusals() };
  }

  it('name the side that misses a key', () => {
    expect(refusalsOf({ key }, {})).to.deep.equal({ main: ['key-required'], sub: ['key-unknown'] });
    expect(refusalsOf({}, { key })).to.deep.equal({ main: ['key-unknown'], sub: ['key-required'] });
  });

  it('name a wrong key on both sides', () => {
    expect(refusalsOf({ key }, { key: Buffer.alloc(32, 1) })).to.deep.equal({
      main: ['wrong-key'],
      sub: ['wrong-key'],
    });
  });

  it('name a wrong role on both sides, also on the one that would have taken its peer', () => {
    expect(refusalsOf({ peers: ['host'] }, {})).to.deep.equal({ main: ['wrong-role'], sub: ['wrong-role'] });
    expect(refusalsOf({ peers: ['host'], key }, { key })).to.deep.equal({ main: ['wrong-role'], sub: ['wrong-role'] });
  });

  it('name a cipher that is missing, on both sides, and only where the session is sealed', () => {
    const [one, other] = [{ ciphers: ['aes-256-gcm'] }, { ciphers: ['chacha20-poly1305'] }] as const;
    expect(refusalsOf({ key, ...one }, { key, ...other })).to.deep.equal({
      main: ['capability-missing'],
      sub: ['capability-missing'],
    });
    const { main, line } = pairOf(one, other);
    line.up();
    line.run(secondUs);
    expect(main.endpoint.open).to.equal(true);
  });

  it('hold until the line was down; then a session opens with what fits', () => {
    const { main, sub, line } = pairOf({ key }, {});
    line.up();
    line.run(secondUs);
    line.cut();
    sub.endpoint = new Endpoint({ role: 'sub', peers: ['main'], entropy: Buffer.alloc(32, 4), key });
    line.up();
    expect(line.run(line.nowUs + 2 * secondUs, () => main.endpoint.open && sub.endpoint.open)).to.equal(true);
  });

  it('are refused again, and told again, when nothing has changed', () => {
    const { main, sub, line } = pairOf({ key }, {});
    line.up();
    line.run(secondUs);
    line.cut();
    line.up();
    line.run(line.nowUs + 2 * secondUs);
    expect(main.refusals()).to.deep.equal(['key-required', 'key-required']);
    expect(sub.refusals()).to.deep.equal(['key-unknown', 'key-unknown']);
  });

  it('do not let two equal roles share a key', () => {
    expect(() => new Endpoint({ role: 'main', peers: ['main'], entropy: Buffer.alloc(32) })).to.throw(
      'different roles',
    );
  });
});

describe('sealed session', () => {
  it('shows nothing of its messages on the line', () => {
    const { main, line } = openedPair({ key });
    main.endpoint.send(run(5000), line.nowUs);
    line.run(line.nowUs + secondUs);
    expect(Buffer.concat(main.sent).includes(Buffer.alloc(16, 0x77))).to.equal(false);
  });

  /** An endpoint as main and a sub made by hand, with their session open. */
  function withHandMade(): { readonly main: EndpointEnd; readonly peer: HandMadePeer; readonly line: LossyLine } {
    const main = new EndpointEnd({ role: 'main', peers: ['sub'], entropy: Buffer.alloc(32, 1), key });
    const peer = new HandMadePeer({}, key);
    const line = new LossyLine(main, peer, { bytesPerSecond: 300_000, latencyUs: 1000, seed: 1 });
    line.up();
    expect(line.run(secondUs, () => main.endpoint.open)).to.equal(true);
    return { main, peer, line };
  }

  /** What main tells when the sub says something by hand, as words, without frames that were on their way already. */
  function toldOf(say: (peer: HandMadePeer, seals: Seals) => void): string[] {
    const { main, peer, line } = withHandMade();
    main.events.length = 0;
    say(peer, peer.seals as Seals);
    line.run(line.nowUs + secondUs);
    const told = main.events.map((event) => {
      if (event.kind === 'message' && event.message.kind === 'runRefused') return `run ${event.message.run}`;
      return event.kind === 'refused' ? event.refusal.code : event.kind;
    });
    return told.filter((each) => each !== 'frame-session');
  }
  const sealed = (seals: Seals, queue: 0 | 1 | 2, run: number) =>
    encodeMessage(seals.seal(encodeMessage(runRefused(run)), queue));
  const anew = ['closed', 'opened'];

  it('counts in each queue for itself, so that messages overtake between queues', () => {
    const told = toldOf((peer, seals) => {
      const [low, high] = [[1, 2].map((run) => sealed(seals, 2, run)), [3, 4].map((run) => sealed(seals, 0, run))];
      for (const each of high ?? []) peer.say(each, 0);
      for (const each of low ?? []) peer.say(each, 2);
    });
    expect(told).to.deep.equal(['run 3', 'run 4', 'run 1', 'run 2']);
  });

  it('ends with a sealed message that comes a second time, and opens anew', () => {
    for (const queue of [0, 1, 2] as const) {
      const told = toldOf((peer, seals) => {
        const message = sealed(seals, queue, 1);
        for (const each of [message, message, sealed(seals, queue, 2)]) peer.say(each, queue);
      });
      expect(told).to.deep.equal(['run 1', 'sealed-replayed', ...anew]);
    }
  });

  it('ends with a sealed message whose forerunner was held back or removed', () => {
    for (const queue of [0, 1, 2] as const) {
      const told = toldOf((peer, seals) => {
        const [first, second, third] = [1, 2, 3].map((run) => sealed(seals, queue, run)) as [Buffer, Buffer, Buffer];
        for (const each of [first, third, second]) peer.say(each, queue);
      });
      expect(told).to.deep.equal(['run 1', 'sealed-missing', ...anew]);
    }
  });

  it('ends with a sealed message that was moved to another queue', () => {
    expect(toldOf((peer, seals) => peer.say(sealed(seals, 1, 1), 2))).to.deep.equal(['sealed-invalid', ...anew]);
    expect(toldOf((peer, seals) => peer.say(sealed(seals, 1, 1), 0))).to.deep.equal(['sealed-replayed', ...anew]);
  });

  it('ends with a message in clear, even a refusal of the session', () => {
    const clear: Message[] = [structured, { kind: 'refused', request: 0, code: 35, detail: '' }];
    for (const message of clear) {
      expect(toldOf((peer) => peer.say(encodeMessage(message)))).to.deep.equal(['not-sealed', ...anew]);
    }
  });

  it('ends with a message that was changed or cut', () => {
    for (const change of [
      (bytes: Buffer) => bytes.fill((bytes[3] as number) ^ 1, 3, 4),
      (bytes: Buffer) => bytes.subarray(1),
      (bytes: Buffer) => bytes.subarray(0, -1),
      () => Buffer.alloc(15),
    ]) {
      const told = toldOf((peer, seals) => {
        const message = seals.seal(encodeMessage(structured), 1);
        peer.say(encodeMessage({ ...message, ciphertext: change(Buffer.from(message.ciphertext)) }), 1);
      });
      expect(told).to.deep.equal(['sealed-invalid', ...anew]);
    }
  });

  it('goes on past the messages of a key, in every queue and both ways', () => {
    const { main, sub, line } = openedPair({ key, rekeyMessages: 3 });
    for (let count = 0; count < 20; count += 1) {
      for (const priority of [0, 1, 2] as const) {
        main.endpoint.send(runRefused(count), line.nowUs, priority);
        sub.endpoint.send(runRefused(count), line.nowUs, priority);
      }
    }
    line.run(line.nowUs + secondUs);
    for (const end of [main, sub]) expect([end.messages().length, end.refusals()]).to.deep.equal([60, []]);
  });

  it('ends when only one side replaces its keys', () => {
    const { main, sub, line } = pairOf({ key, rekeyMessages: 3 }, { key });
    line.up();
    line.run(secondUs);
    for (let count = 0; count < 3; count += 1) main.endpoint.send(structured, line.nowUs);
    line.run(line.nowUs + secondUs);
    expect(sub.messages().length).to.equal(2);
    expect(sub.refusals()).to.include('sealed-invalid');
  });

  it('has the first cipher that both sides take', () => {
    for (const [ofMain, ofSub, cipher] of [
      [{}, {}, 'aes-256-gcm'],
      [{ ciphers: ['chacha20-poly1305'] }, {}, 'chacha20-poly1305'],
      [{}, { ciphers: ['chacha20-poly1305', 'aes-256-gcm'] }, 'aes-256-gcm'],
    ] as const) {
      const { main, sub, line } = pairOf({ key, ...ofMain }, { key, ...ofSub });
      expect(main.endpoint.cipher).to.equal(undefined);
      line.up();
      line.run(secondUs);
      expect([main.endpoint.cipher, sub.endpoint.cipher]).to.deep.equal([cipher, cipher]);
    }
    expect(openedPair().main.endpoint.cipher).to.equal(undefined);
  });

  it('refuses a second hello or proof', () => {
    const { main, peer, line } = withHandMade();
    peer.sayInSession(encodeMessage(peer.hello));
    line.run(line.nowUs + secondUs);
    expect(main.refusals()).to.deep.equal(['message-unexpected']);
  });
});

describe('session with a peer of another make', () => {
  function refusedOf(peer: HandMadePeer, ofMain: Partial<EndpointOptions> = {}): { main: string[]; told: unknown[] } {
    const main = new EndpointEnd({ role: 'main', peers: ['sub'], entropy: Buffer.alloc(32, 1), ...ofMain });
    const line = new LossyLine(main, peer, { bytesPerSecond: 300_000, latencyUs: 1000, seed: 1 });
    line.up();
    line.run(secondUs);
    expect(main.endpoint.open).to.equal(false);
    return {
      main: main.refusals(),
      told: peer.received.flatMap((each) => (each.kind === 'refused' ? [each.code] : [])),
    };
  }

  it('of another version is refused and told so', () => {
    expect(refusedOf(new HandMadePeer({ version: 2 }))).to.deep.equal({ main: ['version-mismatch'], told: [32] });
  });

  it('that proves another salt is refused and told so', () => {
    const peer = new HandMadePeer({}, key);
    peer.provenSalt = Buffer.alloc(32, 1);
    expect(refusedOf(peer, { key })).to.deep.equal({ main: ['wrong-key'], told: [35] });
  });

  it('that refuses in clear after its proof is understood, as long as the session is not open', () => {
    const peer = new HandMadePeer({}, key);
    const { say } = peer;
    peer.say = (bytes) => {
      say.call(peer, bytes);
      if (peer.seals !== undefined)
        say.call(peer, encodeMessage({ kind: 'refused', request: 0, code: 37, detail: '' }));
    };
    expect(refusedOf(peer, { key })).to.deep.equal({ main: ['capability-missing'], told: [] });
  });

  it('that has not acknowledged the hello is not taken as open, until it sends a message', () => {
    const main = new EndpointEnd({ role: 'main', peers: ['sub'], entropy: Buffer.alloc(32, 1) });
    const peer = new HandMadePeer({});
    const receive = peer.receiveFrame.bind(peer);
    peer.receiveFrame = (frame, nowUs) => {
      const decoded = decodeFrame(frame, markOf(frame) ?? 0);
      if (decoded.ok && decoded.frame.kind !== 'data') receive(frame, nowUs);
    };
    const line = new LossyLine(main, peer, { bytesPerSecond: 300_000, latencyUs: 1000, seed: 1 });
    line.up();
    line.run(secondUs);
    expect(main.kinds()).to.deep.equal([]);
    peer.say(encodeMessage(structured));
    line.run(line.nowUs + secondUs);
    expect(main.kinds()).to.deep.equal(['opened', 'message']);
  });

  it('that sends anything else before its hello is not listened to', () => {
    const peer = new HandMadePeer({});
    peer.say = (bytes) => peer.link.send(bytes.length > 20 ? encodeMessage(structured) : bytes, 0);
    expect(refusedOf(peer)).to.deep.equal({ main: ['message-unexpected'], told: [] });
  });

  it('that refuses with the session open ends it with its reason', () => {
    const main = new EndpointEnd({ role: 'main', peers: ['sub'], entropy: Buffer.alloc(32, 1) });
    const peer = new HandMadePeer({});
    const line = new LossyLine(main, peer, { bytesPerSecond: 300_000, latencyUs: 1000, seed: 1 });
    line.up();
    line.run(secondUs);
    peer.say(encodeMessage({ kind: 'refused', request: 0, code: 36, detail: 'host' }));
    line.run(line.nowUs + secondUs);
    expect(main.kinds()).to.deep.equal(['opened', 'closed', 'refused']);
    expect(main.refusals()).to.deep.equal(['wrong-role']);
  });
});
