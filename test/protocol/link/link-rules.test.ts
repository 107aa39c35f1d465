import { expect } from 'chai';
import { decodeFrame, encodeFrame, type Frame, markOf } from '../../../protocol/frame/frame.js';
import { Link, type LinkEvent, type LinkOptions } from '../../../protocol/link/link.js';

/** Frames that a link has to send now, without their delimiters. */
function sent(link: Link, nowUs = 0): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let frame = link.transmit(nowUs); frame !== undefined; frame = link.transmit(nowUs)) {
    if (frame.length > 1) frames.push(frame.subarray(0, -1));
  }
  return frames;
}

const kindsOf = (frames: readonly Uint8Array[]) =>
  frames.map((each) => {
    const decoded = decodeFrame(each, markOf(each) ?? 0);
    return decoded.ok ? decoded.frame.kind : 'spoilt';
  });

const wordsOf = (events: readonly LinkEvent[]) =>
  events.map((event) => {
    if (event.kind === 'refused') return `refused ${event.refusal.code}`;
    return event.kind === 'closed' ? `closed ${event.reason.code}` : event.kind;
  });

/** Passes frames to and fro until neither side has any; returns what each was told. */
function talk(a: Link, b: Link, nowUs = 0): { readonly a: string[]; readonly b: string[] } {
  const told = { a: [] as string[], b: [] as string[] };
  for (let quiet = false; !quiet; ) {
    const [ofA, ofB] = [sent(a, nowUs), sent(b, nowUs)];
    for (const frame of ofA) told.b.push(...wordsOf(b.receiveFrame(frame, nowUs)));
    for (const frame of ofB) told.a.push(...wordsOf(a.receiveFrame(frame, nowUs)));
    quiet = ofA.length + ofB.length === 0;
  }
  return told;
}

function linkOf(name: string, options: Partial<LinkOptions> = {}): Link {
  const link = new Link({ entropy: Buffer.from(name), ...options });
  link.lineUp(0);
  return link;
}

function opened(options: Partial<LinkOptions> = {}): { readonly a: Link; readonly b: Link } {
  const [a, b] = [linkOf('a', options), linkOf('b', options)];
  expect(talk(a, b)).to.deep.equal({ a: ['opened'], b: ['opened'] });
  return { a, b };
}

const data = (sequence: number, bytes = 64): Frame => ({
  ...{ kind: 'data', priority: 1, first: true, last: true, sequence, payload: Buffer.alloc(bytes, 1) },
});

describe('the rules of a link', () => {
  it('allow windows and payloads from one unit to the largest', () => {
    const entropy = Buffer.from('a');
    for (const options of [
      { windowBytes: 64 },
      { windowBytes: 16_384 * 64 },
      { framePayloadMax: 64 },
      { framePayloadMax: 65_536 },
    ]) {
      expect(() => new Link({ entropy, ...options })).to.not.throw();
    }
    for (const options of [
      { windowBytes: 63 },
      { windowBytes: 16_385 * 64 },
      { framePayloadMax: 63 },
      { framePayloadMax: 65_600 },
    ]) {
      expect(() => new Link({ entropy, ...options })).to.throw('allowed');
    }
  });

  it('begin each line with a delimiter, which ends whatever stood there before', () => {
    const link = linkOf('a');
    expect(link.transmit(0)).to.deep.equal(Buffer.of(0));
    expect(link.transmit(0)?.length).to.be.above(1);
    link.lineDown();
    expect([link.transmit(0), link.deadline()]).to.deep.equal([undefined, undefined]);
    link.lineUp(5);
    expect(link.transmit(5)).to.deep.equal(Buffer.of(0));
  });

  it('have nothing queued, held or sized before a peer is known', () => {
    const link = linkOf('a');
    expect([link.open, link.queuedBytes, link.queuedMessages, link.heldBytes, link.payloadBytes]).to.deep.equal([
      ...[false, 0, 0, 0, 0],
    ]);
    expect(link.send(Buffer.alloc(1), 0)).to.equal(false);
  });

  it('count what is queued and what is held', () => {
    const { a, b } = opened();
    expect(a.send(Buffer.alloc(100), 1)).to.equal(true);
    expect([a.queuedBytes, a.queuedMessages, a.payloadBytes]).to.deep.equal([100, 1, 256]);
    a.send(Buffer.alloc(300), 1);
    const [, , second] = sent(a);
    expect(b.receiveFrame(second ?? Buffer.alloc(0), 0)).to.deep.equal([]);
    expect(b.heldBytes).to.equal(44);
  });

  it('refuse a message that is longer than the peer takes', () => {
    const [a, b] = [linkOf('a'), linkOf('b', { messageBytesMax: 1000 })];
    talk(a, b);
    expect(a.send(Buffer.alloc(1000), 0)).to.equal(true);
    expect(() => a.send(Buffer.alloc(1001), 0)).to.throw(RangeError, '1001');
    expect(b.send(Buffer.alloc(1001), 0)).to.equal(true);
  });

  it('make nothing of an empty frame', () => {
    expect(linkOf('a').receiveFrame(Buffer.alloc(0), 0)).to.deep.equal([]);
  });

  it('take neither data nor acknowledgements before a peer is known', () => {
    const link = linkOf('a');
    const acknowledgement: Frame = { kind: 'acknowledgement', payload: Buffer.from('000100', 'hex') };
    for (const frame of [data(0), acknowledgement]) {
      const events = link.receiveFrame(encodeFrame(frame, 0).subarray(0, -1), 7);
      expect(wordsOf(events)).to.deep.equal(['refused frame-session']);
    }
    expect(link.heardUs, 'nobody was heard').to.equal(0);
  });

  it('refuse by name what does not fit: acknowledgements, windows, lengths', () => {
    const { a, b } = opened({ windowBytes: 4 * 64, framePayloadMax: 128 });
    a.send(Buffer.alloc(1), 1);
    const [any] = sent(a, 1);
    const mark = markOf(any ?? Buffer.alloc(0)) ?? 0;
    const refusals = [
      { kind: 'acknowledgement', payload: Buffer.from('00', 'hex') } as const,
      data(5),
      data(0, 129),
    ].map((frame) => wordsOf(b.receiveFrame(encodeFrame(frame, mark).subarray(0, -1), 9)));
    expect(refusals).to.deep.equal([['refused frame-kind'], ['refused frame-window'], ['refused frame-length']]);
    expect(wordsOf(b.receiveFrame(any ?? Buffer.alloc(0), 9))).to.deep.equal(['message']);
    expect(wordsOf(b.receiveFrame(any ?? Buffer.alloc(0), 9)), 'a repetition is no refusal').to.deep.equal([]);
  });

  it('tell when the peer was last heard', () => {
    const { a, b } = opened();
    a.send(Buffer.alloc(1), 1);
    for (const frame of sent(a, 50)) b.receiveFrame(frame, 60);
    expect(b.heardUs).to.equal(60);
    for (const frame of sent(b, 40_000)) a.receiveFrame(frame, 40_010);
    expect(a.heardUs).to.equal(40_010);
    b.receiveFrame(Buffer.from('0311220211', 'hex'), 90_000);
    expect(b.heardUs, 'noise is nobody').to.equal(60);
    b.lineDown();
    b.lineUp(100_000);
    expect(b.heardUs).to.equal(100_000);
  });

  it('tell frames of the link before from spoilt ones', () => {
    const { a, b } = opened();
    a.send(Buffer.alloc(8, 0x11), 1);
    const [stale] = sent(a);
    if (stale === undefined) throw new Error('data was sent');
    const anew = linkOf('a started anew');
    expect(talk(anew, b, 1)).to.deep.equal({ a: ['opened'], b: ['closed peer-restarted', 'opened'] });
    expect(wordsOf(b.receiveFrame(stale, 2))).to.deep.equal(['refused frame-session']);
    const spoilt = Buffer.from(stale);
    spoilt[7] = (spoilt[7] ?? 0) ^ 0x40;
    expect(wordsOf(b.receiveFrame(spoilt, 2))).to.deep.equal(['refused frame-checksum']);
    b.forget();
    expect([b.open, wordsOf(b.receiveFrame(stale, 3))]).to.deep.equal([false, ['refused frame-checksum']]);
  });

  it('drop what was queued when the link is forgotten, and open a fresh one', () => {
    const { a, b } = opened();
    a.send(Buffer.alloc(1), 1);
    a.forget();
    expect([a.open, a.queuedMessages, a.send(Buffer.alloc(1), 1)]).to.deep.equal([false, 0, false]);
    a.lineUp(0);
    expect(talk(a, b)).to.deep.equal({ a: ['opened'], b: ['closed peer-restarted', 'opened'] });
  });

  it('repeat what a lost line took, when it is back, and nothing of it before', () => {
    const { a, b } = opened();
    a.send(Buffer.alloc(100, 5), 1);
    expect(kindsOf(sent(a))).to.deep.equal(['data']);
    for (const link of [a, b]) {
      link.lineDown();
      expect([sent(link, 10), link.deadline()]).to.deep.equal([[], undefined]);
      link.tick(10_000_000);
      link.lineUp(20_000_000);
    }
    expect(kindsOf(sent(a, 20_000_000))).to.deep.equal(['open']);
    a.lineDown();
    a.lineUp(20_000_000);
    expect(talk(a, b, 20_000_000)).to.deep.equal({ a: [], b: ['message'] });
  });

  it('say in an open what they have received of this link, and nothing to a peer that starts anew', () => {
    const { a, b } = opened();
    a.send(Buffer.alloc(130), 1);
    for (const frame of sent(a, 1)) b.receiveFrame(frame, 1);
    const nextOf = (frames: readonly Uint8Array[]) =>
      frames.flatMap((each) => {
        const decoded = decodeFrame(each, 0);
        return decoded.ok && decoded.frame.kind === 'open'
          ? [Buffer.from(decoded.frame.payload).toString('hex', 18, 24)]
          : [];
      });
    b.lineDown();
    b.lineUp(10);
    expect(nextOf(sent(b, 10))).to.deep.equal(['000003000000']);
    const anew = linkOf('a started anew');
    for (const frame of sent(anew, 20)) b.receiveFrame(frame, 20);
    expect(nextOf(sent(b, 20))).to.deep.equal(['000000000000']);
  });

  it('ask nobody because of an open that is spoilt', () => {
    const { a } = opened();
    const short = encodeFrame({ kind: 'open', payload: Buffer.of(1, 0, 0) }, 0).subarray(0, -1);
    expect([wordsOf(a.receiveFrame(short, 5)), sent(a, 5)]).to.deep.equal([['refused frame-length'], []]);
  });

  it('ask who is there after two seconds of silence with something unacknowledged, and not before', () => {
    const { a } = opened();
    a.send(Buffer.alloc(1), 1);
    const asked: number[] = [];
    for (let nowUs = 0; nowUs < 3_000_000; nowUs = a.deadline() ?? 3_000_000) {
      a.tick(nowUs);
      for (const kind of kindsOf(sent(a, nowUs))) if (kind === 'open') asked.push(nowUs);
    }
    expect(asked[0]).to.be.within(2_000_000, 3_000_000);
    const idle = opened();
    expect(idle.a.deadline(), 'with nothing to wait for').to.equal(undefined);
  });

  it('ask as early as they are told to', () => {
    const { a } = opened({ keepaliveUs: 100_000 });
    a.send(Buffer.alloc(1), 1);
    sent(a, 0);
    a.tick(a.deadline() ?? 0);
    expect(kindsOf(sent(a, a.deadline() ?? 0))).to.include('open');
  });

  it('wait for the earliest of what they wait for', () => {
    const { a, b } = opened();
    a.send(Buffer.alloc(1), 1);
    for (const frame of sent(a, 1000)) b.receiveFrame(frame, 2000);
    expect(b.deadline(), 'an acknowledgement').to.equal(22_000);
    b.send(Buffer.alloc(1), 1);
    expect(kindsOf(sent(b, 3000))).to.deep.equal(['data']);
    expect(b.deadline(), 'the acknowledgement is due before the timer').to.equal(22_000);
    expect(kindsOf(sent(b, 22_000))).to.deep.equal(['acknowledgement']);
    expect(b.deadline(), 'the timer').to.equal(503_000);
  });

  it('ask nobody who was heard a moment ago, however late it is', () => {
    const { a, b } = opened();
    a.send(Buffer.alloc(1), 1);
    talk(a, b, 50_000_000);
    talk(a, b, 50_020_000);
    expect([a.queuedMessages, a.heardUs]).to.deep.equal([0, 50_020_000]);
    a.send(Buffer.alloc(1), 1);
    const asked: number[] = [];
    for (let nowUs = 50_100_000; nowUs < 54_000_000; nowUs = a.deadline() ?? 54_000_000) {
      a.tick(nowUs);
      for (const kind of kindsOf(sent(a, nowUs))) if (kind === 'open') asked.push(nowUs);
    }
    expect(asked[0]).to.be.within(52_020_000, 53_500_000);
  });

  it('end without a peer when a stranger who knows another is still there after a second', () => {
    const { a } = opened();
    a.send(Buffer.alloc(1), 1);
    const [stranger] = [linkOf('c')];
    talk(stranger, linkOf('d'));
    stranger.lineDown();
    const told: string[] = [];
    for (let nowUs = 0; nowUs <= 1_000_000; nowUs += 500_000) {
      stranger.lineUp(nowUs);
      for (const frame of sent(stranger, nowUs)) told.push(...wordsOf(a.receiveFrame(frame, nowUs)));
      expect(a.open, `${nowUs}`).to.equal(nowUs < 1_000_000);
    }
    expect([told, a.queuedMessages, a.send(Buffer.alloc(1), 1)]).to.deep.equal([['closed peer-restarted'], 0, false]);
  });

  it('name what is wrong with a frame when there was no link before', () => {
    expect(wordsOf(linkOf('a').receiveFrame(Buffer.of(1), 0))).to.not.deep.equal(['refused frame-session']);
  });
});

describe('a link whose peer lacks what was acknowledged', () => {
  /** `a` has sent two messages and `b` has acknowledged both; `old`: frames of `b` that say that it has one. */
  function contradicted() {
    const { a, b } = opened();
    const old: Uint8Array[] = [];
    for (let count = 0; count < 2; count += 1) {
      a.send(Buffer.alloc(1), 1);
      for (const frame of sent(a, count)) b.receiveFrame(frame, count);
      const acknowledgements = sent(b, 100_000);
      b.lineDown();
      b.lineUp(100_000);
      const opens = sent(b, 100_000);
      if (count === 0) old.push(...acknowledgements, ...opens);
      for (const frame of [...acknowledgements, ...opens]) a.receiveFrame(frame, 100_000);
      sent(a, 100_000);
    }
    expect([kindsOf(old), a.queuedMessages, a.deadline()]).to.deep.equal([['acknowledgement', 'open'], 0, undefined]);
    const [acknowledgement = Buffer.alloc(0), open = Buffer.alloc(0)] = old;
    return { a, acknowledgement, open };
  }

  it('says so when it has heard that eight times in two seconds, and goes on until whoever uses it gives it up', () => {
    for (const kind of ['acknowledgement', 'open'] as const) {
      const { a, [kind]: old } = contradicted();
      const told: string[] = [];
      for (let time = 0; time < 8; time += 1) told.push(...wordsOf(a.receiveFrame(old, 1_000_000 + time * 285_000)));
      expect(told, `${kind}s in 1.995 s`).to.deep.equal([]);
      expect(wordsOf(a.receiveFrame(old, 3_000_000))).to.deep.equal(['refused acknowledgement-contradicted']);
      expect(a.open).to.equal(true);
    }
  });

  it('asks again a quarter of a second after an open that says less than before', () => {
    const { a, open, acknowledgement } = contradicted();
    a.receiveFrame(acknowledgement, 1_000_000);
    expect([a.deadline(), kindsOf(sent(a, 1_000_000))], 'acknowledgements come late at times').to.deep.equal([
      ...[undefined, []],
    ]);
    a.receiveFrame(open, 1_000_000);
    expect(kindsOf(sent(a, 1_000_000)), 'the answer').to.deep.equal(['open']);
    expect([a.deadline(), sent(a, 1_249_999)]).to.deep.equal([1_250_000, []]);
    expect(kindsOf(sent(a, 1_250_000))).to.deep.equal(['open']);
  });
});
