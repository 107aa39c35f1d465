import { expect } from 'chai';
import { LinkOracle } from '../../../../hil/simulate/link/link-oracle.js';
import { contentOf } from '../../../../hil/simulate/link/parcel.js';
import type { Priority } from '../../../../protocol/message/message.js';

/** An oracle with a session open at both ends, and what it has reported. */
function openOracle(sealed = false) {
  const reported: string[] = [];
  const oracle = new LinkOracle((check) => reported.push(check), { sealed });
  oracle.opened('a');
  oracle.opened('b');
  const send = (bytes = 30, priority: Priority = 1) => oracle.send('a', priority, bytes);
  const receive = (content: Uint8Array, priority: Priority | undefined = 1) => oracle.received('b', content, priority);
  return { oracle, reported, send, receive };
}

describe('what two ends of a link owe each other', () => {
  it('is each message once, in the order of its queue, in any order between queues', () => {
    const { oracle, reported, send, receive } = openOracle();
    const [first, second, urgent, short] = [send(), send(40), send(20, 0), send(3)];
    receive(urgent, 0);
    receive(first);
    receive(second, undefined);
    expect(oracle.missing('a')).to.equal(1);
    receive(short);
    expect(oracle.missing('a')).to.equal(0);
    expect(reported).to.deep.equal([]);
  });

  const broken: Record<string, (each: ReturnType<typeof openOracle>) => void> = {
    order: ({ send, receive }) => {
      const message = send();
      receive(message);
      receive(message);
    },
    loss: ({ send, receive }) => {
      send();
      receive(send());
    },
    changed: ({ send, receive }) => {
      const message = send();
      message[20] = (message[20] ?? 0) ^ 1;
      receive(message);
    },
    live: ({ oracle, send, receive }) => {
      receive(send());
      oracle.closed('b');
    },
    opening: ({ oracle }) => oracle.opened('b'),
    refusal: ({ oracle }) => oracle.refused('b', 'message-value'),
    allowed: ({ oracle }) => oracle.refused('b', 'frame-window'),
    damage: ({ oracle, send, receive }) => {
      receive(send());
      oracle.forged('a');
      oracle.refused('b', 'message-check');
      receive(send());
    },
  };
  for (const [check, breach] of Object.entries(broken)) {
    it(`is broken by a breach of "${check}"`, () => {
      const each = openOracle();
      breach(each);
      expect(each.reported).to.include(check);
    });
  }

  it('is broken by a first message of an earlier session than one that was heard', () => {
    const { oracle, reported, send, receive } = openOracle();
    const early = send();
    oracle.ended('a');
    oracle.opened('a');
    receive(send());
    oracle.ended('b');
    oracle.opened('b');
    expect(reported).to.deep.equal([]);
    receive(early);
    expect(reported).to.deep.equal(['changed']);
  });

  it('is broken by a message of an earlier session than this one, or outside of any', () => {
    const late = openOracle();
    const stale = late.send();
    late.receive(stale);
    late.oracle.ended('b');
    late.receive(stale);
    late.oracle.opened('b');
    late.receive(stale);
    expect(late.reported).to.deep.equal(['changed', 'changed']);
  });

  it('is broken by a frame with a right check that is not well formed', () => {
    const { oracle, reported } = openOracle();
    oracle.refused('b', 'frame-kind');
    expect(reported).to.deep.equal(['allowed']);
  });

  const causes: Record<string, (each: ReturnType<typeof openOracle>) => void> = {
    'the other end has lost its power': ({ oracle }) => oracle.ended('a'),
    'the other end has ended it': ({ oracle }) => {
      oracle.forged('a');
      oracle.closed('a');
    },
    'something was forged': ({ oracle }) => oracle.forged('b'),
    'the line has stood still': ({ oracle }) => oracle.stalled(500_000),
    'three questions were lost': ({ oracle }) => {
      for (let opens = 0; opens < 3; opens += 1) oracle.openHit();
    },
  };
  for (const [cause, happens] of Object.entries(causes)) {
    it(`lets a session end when ${cause}`, () => {
      const each = openOracle();
      each.receive(each.send());
      happens(each);
      each.oracle.closed('b');
      expect(each.reported).to.deep.equal([]);
    });
  }

  it('lets no session end because the line stood still for a moment, or something was forged before it', () => {
    const { oracle, reported, send, receive } = openOracle();
    oracle.forged('a');
    for (const side of ['a', 'b'] as const) oracle.ended(side);
    for (const side of ['a', 'b'] as const) oracle.opened(side);
    receive(send());
    oracle.stalled(499_999);
    oracle.openHit();
    oracle.openHit();
    oracle.closed('b');
    expect(reported).to.deep.equal(['live']);
  });

  it('counts what is given twice as received once', () => {
    const { oracle, reported, send, receive } = openOracle();
    const [first, second] = [send(), send()];
    for (const message of [first, second, first]) receive(message);
    expect(reported).to.deep.equal(['order']);
    expect(oracle.missing('a')).to.equal(0);
  });

  it('is broken by a message of another queue, of another length, or of nobody', () => {
    const contents: ((each: ReturnType<typeof openOracle>) => Uint8Array)[] = [
      ({ send }) => send(30, 2),
      ({ send }) => send().subarray(0, 29),
      () => contentOf({ session: 7, priority: 1, index: 0 }, 30),
      () => contentOf({ session: 1, priority: 1, index: 0 }, 30),
    ];
    for (const contentFor of contents) {
      const each = openOracle();
      each.receive(contentFor(each));
      expect(each.reported).to.include('changed');
    }
  });

  it('is less by what somebody forged: one message, or all behind a damaged one', () => {
    const wrong = openOracle();
    wrong.receive(wrong.send());
    wrong.send();
    wrong.oracle.forged('a');
    wrong.oracle.refused('b', 'message-value');
    expect(wrong.oracle.missing('a')).to.equal(0);
    wrong.receive(wrong.send());
    expect(wrong.reported).to.deep.equal([]);

    const damaged = openOracle();
    damaged.receive(damaged.send());
    damaged.send();
    damaged.send();
    damaged.oracle.forged('a');
    damaged.oracle.refused('b', 'message-check');
    expect(damaged.oracle.missing('a')).to.equal(0);
    expect(damaged.reported).to.deep.equal([]);
  });

  it('is whole up to where it ends when it is sealed: what is refused there excuses no gap', () => {
    const { oracle, reported, send, receive } = openOracle(true);
    receive(send());
    send();
    const late = send();
    oracle.forged('a');
    oracle.refused('b', 'not-sealed');
    expect(oracle.missing('a')).to.equal(0);
    expect(reported).to.deep.equal([]);
    receive(late);
    expect(reported).to.include.members(['loss', 'damage']);
  });

  it('takes two refusals for each thing that somebody did to a sealed session, at either end', () => {
    const { oracle, reported } = openOracle(true);
    oracle.forged('a');
    for (const [side, code] of [
      ['a', 'wrong-key'],
      ['b', 'wrong-key'],
      ['b', 'frame-session'],
    ] as const) {
      oracle.refused(side, code);
    }
    expect(reported).to.deep.equal([]);
    oracle.refused('b', 'key-required');
    expect(reported).to.deep.equal(['refusal']);
  });

  it('owes nothing of what is sent to an end that has refused a sealed session, until that opens one', () => {
    const { oracle, send } = openOracle(true);
    oracle.forged('a');
    oracle.ended('b');
    oracle.ended('a');
    oracle.refused('b', 'wrong-key');
    oracle.opened('a');
    send();
    expect(oracle.missing('a')).to.equal(0);
    oracle.opened('b');
    expect(oracle.missing('a')).to.equal(1);
  });
});
