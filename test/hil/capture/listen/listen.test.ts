import { expect } from 'chai';
import fc from 'fast-check';
import type { HeardFrame, HeardMessage } from '../../../../hil/capture/listen/heard.js';
import { listen } from '../../../../hil/capture/listen/listen.js';
import type { CapturedFrame } from '../../../../hil/capture/read-capture.js';
import type { Message } from '../../../../protocol/message/messages.js';
import { noFaults } from '../../../protocol/link/lossy-line.js';
import { TappedPair } from '../tapped-pair.js';

const key = Buffer.alloc(32, 0x5a);
const secondUs = 1_000_000;
const faults = { bitErrorRate: 2e-5, byteDropRate: 1e-5, frameRepeatRate: 0.01, staleFrameRate: 0.01 };

const data = (run: number, bytes: number): Message => ({
  ...{ kind: 'blockRun', run, generation: 7 as never, volume: 0 as never, first: 0 as never, count: 1 },
  ...{ digest: Buffer.alloc(16, run), data: Buffer.alloc(bytes, run) },
});
const small = (run: number): Message => ({ kind: 'runRefused', generation: 7 as never, run, code: 82 });

/** Both ends say much, the line is cut now and then, and one end may start anew. */
function converse(pair: TappedPair, { rounds, restart }: { readonly rounds: number; readonly restart: boolean }): void {
  for (let round = 0; round < rounds; round += 1) {
    pair.open();
    for (let index = 0; index < 6; index += 1) {
      pair.main.endpoint.send(data(round * 10 + index, 100 + 700 * index), pair.line.nowUs);
      pair.sub.endpoint.send(small(round * 10 + index), pair.line.nowUs);
    }
    pair.line.run(pair.line.nowUs + (round % 2 === 0 ? secondUs / 50 : 4 * secondUs));
    pair.line.cut();
    if (restart && round === 1) restartSub(pair);
  }
}

function restartSub(pair: TappedPair): void {
  const anew = new TappedPair({ seed: 77, key: undefined });
  pair.sub.endpoint = anew.sub.endpoint;
}

const messagesOf = ({ content }: HeardFrame): readonly HeardMessage[] =>
  content.kind === 'data' ? content.messages : [];
const said = (frame: HeardFrame): Message[] =>
  messagesOf(frame).flatMap((heard) =>
    heard.kind === 'message' && !['hello', 'proof'].includes(heard.message.kind) ? [heard.message] : [],
  );
const kinds = (frames: Iterable<HeardFrame>): string[] =>
  [...frames].flatMap((frame) =>
    messagesOf(frame).map((heard) => (heard.kind === 'message' ? heard.message.kind : heard.kind)),
  );

describe('listening to a line', () => {
  for (const [name, sealing] of [
    ['in clear', undefined],
    ['sealed', key],
  ] as const) {
    it(`hears in each frame what its receiver takes from it, ${name}`, () => {
      fc.assert(
        fc.property(fc.nat(2 ** 30), fc.boolean(), (seed, isBad) => {
          // An old open that comes again makes its receiver drop the link, and nobody who listens can tell from it.
          const pair = new TappedPair({
            seed,
            key: sealing,
            faults: isBad ? faults : noFaults,
          });
          converse(pair, { rounds: 4, restart: sealing === undefined });
          const heard = [...listen(pair.captured, sealing)];
          expect(heard.flatMap(said).length).to.be.greaterThan(20);
          for (const [index, frame] of heard.entries()) {
            expect(said(frame), `frame ${index + 1}`).to.deep.equal(pair.taken[index]?.messages);
          }
        }),
        { numRuns: 15 },
      );
    });
  }

  it('refuses the frames that their receiver refuses, by the same names, and no others', () => {
    const pair = new TappedPair({ seed: 7, faults });
    converse(pair, { rounds: 6, restart: false });
    const found = [...listen(pair.captured)].map(({ content }) =>
      content.kind === 'refused' ? [content.refusal.code] : [],
    );
    const expected = pair.taken.map(({ refusals }) => refusals);
    expect(expected.flat()).to.include.members(['frame-checksum', 'frame-encoding']);
    expect(found).to.deep.equal(expected);
  });

  it('knows frames of a link that has ended', () => {
    const pair = new TappedPair({ seed: 6 });
    converse(pair, { rounds: 2, restart: true });
    const before = pair.captured
      .filter(({ way }) => way === 'out')
      .find(({ bytes }) => bytes.length > 300) as CapturedFrame;
    pair.open();
    pair.main.endpoint.send(small(1), pair.line.nowUs);
    pair.line.run(pair.line.nowUs + secondUs);
    const heard = [...listen([...pair.captured, before])];
    expect(heard.at(-1)?.content).to.nested.include({ kind: 'refused', 'refusal.code': 'frame-session' });
  });

  it('tells who speaks by what the capture calls the ends, and by roles once they are told', () => {
    const pair = new TappedPair({ seed: 1 });
    converse(pair, { rounds: 1, restart: false });
    const line = { name: 'x', from: undefined, to: undefined, virtualTime: false };
    const heard = [...listen(pair.captured.map((frame) => ({ ...frame, line })))];
    const names = heard.map(({ captured: { way }, from, to }) => (way === 'out' ? [from, to] : [to, from]).join(' '));
    expect(names[0]).to.equal('A B');
    expect(names.at(-1)).to.equal('main sub');
  });

  describe('from the middle on', () => {
    /** A conversation without faults, from its `from`-th part on, where nobody opens anything any more. */
    const later = (sealing: Uint8Array | undefined, from: number) => {
      const pair = new TappedPair({ seed: 3, key: sealing });
      converse(pair, { rounds: 1, restart: false });
      for (let index = 0; index < 40; index += 1) {
        pair.main.endpoint.send(data(index, 3000), pair.line.nowUs);
        pair.sub.endpoint.send(small(index), pair.line.nowUs);
      }
      pair.open();
      pair.line.run(pair.line.nowUs + 10 * secondUs);
      const opens = pair.captured.filter(({ bytes }) => bytes[1] === 0x80).length;
      return pair.captured.slice(opens + Math.floor(pair.captured.length * from));
    };

    it('learns what good frames are, and hears messages from the first that begins', () => {
      const frames = later(undefined, 0.3);
      const heard = [...listen(frames)];
      const proven = heard.map(({ content }) => ('proven' in content ? content.proven : content.kind));
      const each = (way: 'in' | 'out') => proven.filter((_, index) => frames[index]?.way === way);
      expect(each('out').slice(0, 2)).to.deep.equal([false, true]);
      expect(each('in').slice(0, 2)).to.deep.equal([false, true]);
      expect(proven.filter((known) => known === false)).to.have.length(2);
      expect([...new Set(kinds(heard))]).to.deep.equal(['blockRun']);
    });

    it('refuses a frame that is damaged all the same', () => {
      const frames = later(undefined, 0.3);
      const spoilt = frames.map((frame, index) => {
        if (index % 7 !== 5) return frame;
        const bytes = Buffer.from(frame.bytes);
        bytes[bytes.length - 2] = (bytes[bytes.length - 2] ?? 0) ^ 0x80;
        return { ...frame, bytes };
      });
      const refused = [...listen(spoilt)].flatMap(({ content }, index) =>
        content.kind === 'refused' ? [index % 7] : [],
      );
      expect(refused.length).to.be.greaterThan(8);
      expect([...new Set(refused)]).to.deep.equal([5]);
    });

    it('cannot open what is sealed without the hellos, and says so', () => {
      const heard = kinds(listen(later(key, 0.3), key));
      expect([...new Set(heard)]).to.deep.equal(['sealed']);
    });
  });

  it('goes on after a hole in the capture that no window could have', () => {
    const pair = new TappedPair({ seed: 2 });
    pair.open();
    const sent = 1000;
    for (let index = 0; index < sent; index += 1) {
      pair.main.endpoint.send(data(index, 4096), pair.line.nowUs);
      pair.line.run(pair.line.nowUs + secondUs / 20);
    }
    pair.line.run(pair.line.nowUs + 10 * secondUs);
    const { captured } = pair;
    const hole = captured.filter((_, index) => index < captured.length * 0.2 || index > captured.length * 0.7);
    const runs = [...listen(hole)].flatMap(said).map((message) => ('run' in message ? message.run : -1));
    expect(runs.at(-1)).to.equal(sent - 1);
    expect(runs.length).to.be.within(sent * 0.45, sent * 0.55);
  });

  describe('to a sealed line', () => {
    const heardWith = (given: Uint8Array | undefined) => {
      const pair = new TappedPair({ seed: 4, key });
      converse(pair, { rounds: 1, restart: false });
      return [...listen(pair.captured, given)];
    };

    it('without the key hears hellos, and that the rest is sealed', () => {
      const heard = heardWith(undefined);
      expect([...new Set(kinds(heard))]).to.have.members(['hello', 'sealed']);
      const sealed = heard.flatMap(messagesOf).filter(({ kind }) => kind === 'sealed');
      expect(sealed.map((each) => 'missing' in each && each.missing))
        .to.include('key')
        .and.not.include('hello');
    });

    it('with another key refuses all of it', () => {
      const found = new Set(kinds(heardWith(Buffer.alloc(32, 1))));
      expect([...found]).to.have.members(['hello', 'refused']);
    });

    it('hears the proof, and the counter of each message', () => {
      const messages = heardWith(key).flatMap(messagesOf);
      expect(messages.filter(({ kind }) => kind !== 'message')).to.deep.equal([]);
      const proofs = messages.filter((each) => each.kind === 'message' && each.message.kind === 'proof');
      expect(proofs.map(({ counter }) => counter)).to.deep.equal([0, 0]);
    });
  });
});
