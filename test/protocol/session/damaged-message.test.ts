import { expect } from 'chai';
import { decodeFrame, encodeFrame, markOf } from '../../../protocol/frame/frame.js';
import { Endpoint } from '../../../protocol/session/endpoint.js';
import type { EndpointEvent, Role } from '../../../protocol/session/endpoint-types.js';

const endpoint = (role: Role, peer: Role, key?: Uint8Array) =>
  new Endpoint({
    ...{ role, peers: [peer], entropy: Buffer.alloc(32, role), ...(key === undefined ? {} : { key }) },
    link: { messageBytesMax: 400 },
  });

/** The frame with another payload, and a check that is right for it. */
function withPayload(frame: Uint8Array, make: (payload: Buffer) => Buffer): Uint8Array {
  const encoded = frame.subarray(0, -1);
  const mark = markOf(encoded) ?? 0;
  const decoded = decodeFrame(encoded, mark);
  if (!decoded.ok) throw new Error('a frame of ours');
  return encodeFrame({ ...decoded.frame, payload: make(Buffer.from(decoded.frame.payload)) }, mark);
}

/** The frame with a byte in the middle of its payload changed. */
const forged = (frame: Uint8Array): Uint8Array =>
  withPayload(frame, (payload) => {
    const at = payload.length >> 1;
    payload[at] = (payload[at] ?? 0) ^ 0x40;
    return payload;
  });

function isData(frame: Uint8Array): boolean {
  const encoded = frame.subarray(0, -1);
  const decoded = decodeFrame(encoded, markOf(encoded) ?? 0);
  return decoded.ok && decoded.frame.kind === 'data';
}

class Pair {
  readonly events: { readonly at: Role; readonly event: EndpointEvent }[] = [];
  readonly #host: Endpoint;
  readonly #main: Endpoint;
  nowUs = 0;
  /** Changes what the host sends. */
  change: (frame: Uint8Array) => Uint8Array = (frame) => frame;

  constructor(key?: Uint8Array) {
    this.#host = endpoint('host', 'main', key);
    this.#main = endpoint('main', 'host', key);
    for (const each of [this.#host, this.#main]) each.lineUp(0);
    this.run();
  }

  get host(): Endpoint {
    return this.#host;
  }

  /** Carries frames both ways until nobody has any. */
  run(): void {
    for (let idle = 0; idle < 40; idle += 1) {
      this.nowUs += 50_000;
      for (let there = this.#host.transmit(this.nowUs); there !== undefined; there = this.#host.transmit(this.nowUs)) {
        const frame = this.change(there);
        this.#take('main', this.#main, frame);
      }
      for (let back = this.#main.transmit(this.nowUs); back !== undefined; back = this.#main.transmit(this.nowUs)) {
        this.#take('host', this.#host, back);
      }
      for (const each of [this.#host, this.#main]) each.tick(this.nowUs);
    }
  }

  #take(at: Role, end: Endpoint, frame: Uint8Array): void {
    for (const event of end.receiveFrame(frame.subarray(0, -1), this.nowUs)) this.events.push({ at, event });
  }
}

describe('a message that arrives damaged in a frame whose check is right', () => {
  for (const key of [undefined, Buffer.alloc(32, 7)]) {
    const name = key === undefined ? 'in clear' : 'sealed';

    it(`ends the session, and a fresh one opens at once, ${name}`, () => {
      const pair = new Pair(key);
      pair.events.length = 0;
      let damaged = 0;
      pair.change = (frame) => {
        if (damaged > 0 || !isData(frame)) return frame;
        damaged += 1;
        return forged(frame);
      };
      pair.host.send({ kind: 'getStatus', request: 1 }, pair.nowUs);
      pair.host.send({ kind: 'getStatus', request: 2 }, pair.nowUs);
      pair.run();
      const told = ({ event }: (typeof pair.events)[number]) =>
        event.kind === 'refused' ? event.refusal.code : event.kind;
      const at = (role: Role) => pair.events.filter((each) => each.at === role).map(told);
      // The second frame was on its way already, and is of the link that has been given up.
      expect(at('main')).to.deep.equal(['message-check', 'closed', 'frame-session', 'opened']);
      expect(at('host')).to.deep.equal(['closed', 'opened']);
    });
  }

  it('and is longer than any may be ends a session that is sealed, and no other', () => {
    for (const key of [undefined, Buffer.alloc(32, 7)]) {
      const pair = new Pair(key);
      pair.events.length = 0;
      let changed = false;
      pair.change = (frame) => {
        if (changed || !isData(frame)) return frame;
        changed = true;
        return withPayload(frame, () => Buffer.alloc(448, 1));
      };
      pair.host.send({ kind: 'getStatus', request: 1 }, pair.nowUs);
      pair.run();
      const atMain = pair.events.filter(({ at }) => at === 'main').map(({ event }) => event);
      const [first] = atMain;
      expect(first?.kind === 'refused' && first.refusal.code).to.equal('link-message-length');
      const ended = atMain.filter(({ kind }) => kind === 'closed' || kind === 'opened').map(({ kind }) => kind);
      expect(ended).to.deep.equal(key === undefined ? [] : ['closed', 'opened']);
    }
  });

  it('opens also when it is the hello that is damaged', () => {
    const host = endpoint('host', 'main');
    const main = endpoint('main', 'host');
    for (const each of [host, main]) each.lineUp(0);
    let damaged = false;
    let opened = 0;
    for (let nowUs = 0; nowUs < 5_000_000; nowUs += 50_000) {
      for (let frame = host.transmit(nowUs); frame !== undefined; frame = host.transmit(nowUs)) {
        const spoil = !damaged && isData(frame);
        if (spoil) damaged = true;
        const events = main.receiveFrame((spoil ? forged(frame) : frame).subarray(0, -1), nowUs);
        opened += events.filter(({ kind }) => kind === 'opened').length;
      }
      for (let frame = main.transmit(nowUs); frame !== undefined; frame = main.transmit(nowUs)) {
        host.receiveFrame(frame.subarray(0, -1), nowUs);
      }
      for (const each of [host, main]) each.tick(nowUs);
    }
    expect([damaged, opened, host.open, main.open]).to.deep.equal([true, 1, true, true]);
  });
});
