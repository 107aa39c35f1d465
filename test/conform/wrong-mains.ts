/** Mains that do wrong with their sub, and the numbers at which the suite has to find them out. */
import { deflateSync } from 'node:zlib';
import {
  contentDigest,
  contentDigests,
  digestsAt,
  GenerationDigest,
  RangeDigest,
  runDigest,
} from '../../protocol/digest.js';
import type { Message, MessageNamed } from '../../protocol/message/messages.js';
import { refusals } from '../../protocol/refusals.js';
import { changing, flip, images, inRange, isKind, unflushed, without } from './replication-tampering.js';
import type { Tampering } from './tampering.js';
import type { Wrong } from './wrong.js';

/** Takes holdings for whole, whatever they lack: what was sent stands in them. */
function deafToHoldings(): Tampering {
  const sent = new Map<number, Uint8Array>();
  return {
    messageOut: (message) => {
      if (message.kind === 'blockRun') sent.set(message.first, contentDigest(message.data));
      return message;
    },
    ...changing('messageIn', 'holdings', (holdings) => ({
      ...holdings,
      chunks: holdings.chunks.map(({ chunk, held }) => wholeChunk(chunk, Uint8Array.from(held), sent)),
    })),
  };
}

function wholeChunk(chunk: number, held: Uint8Array, sent: ReadonlyMap<number, Uint8Array>) {
  const range = new RangeDigest();
  for (const [block, digest] of [...sent].sort(([a], [b]) => a - b)) {
    if (Math.floor(block / 64) !== chunk) continue;
    held[(block % 64) >>> 3] = (held[(block % 64) >>> 3] ?? 0) | (1 << (block & 7));
    range.add(block, digest);
  }
  return { chunk, held, digest: range.finish() };
}

/** Sends what was refused as the same again: as it is, in a stream that nothing is gained by. */
function compressedAgain(): Tampering {
  let isRefused = false;
  return {
    messageIn: (message) => {
      isRefused ||= message.kind === 'runRefused';
      return message;
    },
    messageOut: (message) => {
      if (message.kind !== 'blockRun' || !isRefused) return message;
      return { ...message, kind: 'compressedRun', data: deflateSync(message.data, { level: 0 }) };
    },
  };
}

/** Sends the content of the block that it sent first under the number of each later one. */
function sameBlockAgain(): Tampering {
  let stored: number | undefined;
  return {
    messageIn: (message) => {
      if (message.kind === 'begin') stored = undefined;
      return message;
    },
    messageOut: (message) => {
      if (message.kind !== 'blockRun') return message;
      stored ??= message.first;
      return { ...message, first: stored as typeof message.first };
    },
  };
}

/** Numbers runs in steps of two, and knows them by that. */
const everyOther: Tampering = {
  messageOut: (message) =>
    'run' in message && message.kind !== 'runRefused' ? { ...message, run: 2 * message.run } : message,
  messageIn: (message) => {
    if (message.kind === 'stored') return { ...message, runs: message.runs.map((run) => run >>> 1) };
    return message.kind === 'runRefused' ? { ...message, run: message.run >>> 1 } : message;
  },
};

/** Answers each wait at once: in its place it hears what it refuses, and its refusal is changed. */
function impatient(): Tampering {
  let asked: MessageNamed<'wait'> | undefined;
  const messageIn = (message: Message): Message => {
    if (message.kind !== 'wait' || message.generation === 0) return message;
    asked = message;
    return { kind: 'resync', request: message.request };
  };
  const messageOut = (message: Message): Message => {
    if (message.kind !== 'refused' || asked === undefined || message.request !== asked.request) return message;
    return { kind: 'waited', request: asked.request, generation: asked.generation, reason: 0 };
  };
  return { atHost: { messageIn, messageOut } };
}

/** Takes a write for heard of as soon as it has answered it. */
function forgetsAnswered(): Tampering {
  const answered = new Set<number>();
  const messageOut = (message: Message): Message => {
    if (message.kind === 'response') answered.add(message.tag);
    if (message.kind !== 'frozen') return message;
    return { ...message, included: message.included.filter((tag) => !answered.has(tag)) };
  };
  return { atHost: { messageOut } };
}

/** Sends each block with other content, in good order: what a main does that reads what hosts have written since. */
function sendsOther(): Tampering {
  const sent = new Map<number, Uint8Array>();
  const other = (run: MessageNamed<'blockRun'>): Message => {
    const data = flip(run.data);
    const digests = contentDigests(data, run.data.length / run.count);
    for (let index = 0; index < run.count; index += 1) sent.set(run.first + index, digestsAt(digests, index));
    return { ...run, data, digest: runDigest(digests) };
  };
  const messageOut = (message: Message): Message => {
    if (message.kind === 'begin') sent.clear();
    if (message.kind === 'blockRun') return other(message);
    if (message.kind !== 'complete' || message.blocks !== sent.size) return message;
    const digest = new GenerationDigest();
    for (const [block, content] of [...sent].sort(([one], [next]) => one - next)) digest.add(0, block, content);
    return { ...message, digest: digest.finish() };
  };
  return { messageOut };
}

const main = { role: 'main', at: 'remote' } as const;

export const wrongMains: readonly Wrong[] = [
  {
    ...main,
    name: 'says nothing of the pair after a resync',
    fails: ['R-1'],
    ...images,
    tamper: () => {
      let isBack = false;
      return without('dataOut', (message) => {
        if (message.kind === 'pairStateChanged') isBack = true;
        return isBack && message.kind === 'pairing';
      });
    },
  },
  {
    ...main,
    name: 'believes any epoch',
    fails: ['R-2'],
    ...images,
    tamper: () => inRange(0x40, 18, 1000),
  },
  {
    ...main,
    name: 'names another base',
    fails: ['R-3'],
    tamper: () =>
      changing('messageOut', 'begin', (begin) => ({ ...begin, base: (begin.base + 1) as typeof begin.base })),
  },
  { ...main, name: 'numbers its runs in steps of two', fails: ['R-4'], tamper: () => everyOther },
  {
    ...main,
    name: 'does not hear that a run was refused',
    fails: ['R-5', 'R-22', 'R-25'],
    ...images,
    tamper: () => without('dataIn', isKind('runRefused')),
  },
  { ...main, name: 'sends other contents than were frozen', fails: ['R-37'], ...images, tamper: sendsOther },
  {
    ...main,
    name: 'sends runs that are longer than they may be',
    fails: ['R-36'],
    ...images,
    tamper: () => changing('messageIn', 'pairing', (pairing) => ({ ...pairing, runBytesMax: 65_536 })),
  },
  {
    ...main,
    name: 'takes every window for four times as large',
    fails: ['R-6'],
    tamper: () => changing('messageIn', 'pairing', (pairing) => ({ ...pairing, windowBytes: 4 * pairing.windowBytes })),
  },
  { ...main, name: 'sends nothing again that holdings lack', fails: ['R-8'], ...images, tamper: deafToHoldings },
  {
    ...main,
    name: 'does not hear that its complete was refused',
    fails: ['R-9'],
    ...images,
    tamper: () => without('dataIn', isKind('completeRefused')),
  },
  {
    ...main,
    name: 'does not hear that a generation was given up',
    fails: ['R-10'],
    ...images,
    tamper: () => without('dataIn', isKind('abandon')),
  },
  {
    ...main,
    name: 'says nothing of the pair before it says what differs',
    fails: ['R-11'],
    ...images,
    tamper: () => {
      let isAsked = false;
      return {
        messageIn: (message) => {
          isAsked ||= message.kind === 'failbackAsk';
          return message;
        },
        ...without('dataOut', (message) => isAsked && message.kind === 'pairing'),
      };
    },
  },
  {
    ...main,
    name: 'names no writes of an image',
    fails: ['I-15'],
    tamper: () => ({ atHost: changing('messageOut', 'frozen', (frozen) => ({ ...frozen, included: [] })) }),
  },
  {
    ...main,
    name: 'names writes under way alone',
    fails: ['I-15'],
    tamper: forgetsAnswered,
  },
  { ...main, name: 'answers a wait before the commit', fails: ['I-13'], tamper: impatient },
  {
    ...main,
    name: 'hears of a takeover alone in a pairing that tells of a commit, too',
    fails: ['R-38'],
    ...images,
    tamper: () =>
      changing('messageIn', 'pairing', (pairing) =>
        pairing.takenOver ? { ...pairing, commitDigest: flip(pairing.commitDigest) } : pairing,
      ),
  },
  {
    ...main,
    name: 'says that nothing differs from the image that it is given back',
    fails: ['R-11'],
    ...images,
    tamper: () => changing('messageOut', 'failbackDifference', (part) => ({ ...part, chunks: [] })),
  },
  {
    ...main,
    name: 'keeps no record of what has changed',
    fails: ['R-12'],
    ...images,
    tamper: () => unflushed('meta', isKind('pairing'), isKind('begin')),
  },
  {
    ...main,
    name: 'keeps no record of what is sent',
    fails: ['R-14'],
    ...images,
    tamper: () => unflushed('meta', isKind('stored'), isKind('complete')),
  },
  {
    ...main,
    name: 'lets host writes go home before the frozen blocks are kept',
    fails: ['R-15'],
    ...images,
    tamper: () => unflushed('shadow0'),
  },
  {
    ...main,
    name: 'compresses for everybody',
    fails: ['R-18'],
    tamper: () => changing('messageIn', 'hello', (hello) => ({ ...hello, capabilities: hello.capabilities | 0xf00 })),
  },
  {
    ...main,
    name: 'spoils its streams',
    fails: ['R-19'],
    may: ['R-20'],
    tamper: () =>
      changing('messageOut', 'compressedRun', (run) => {
        const data = Buffer.from(run.data);
        data.writeUInt8((data.at(-1) ?? 0) ^ 1, data.length - 1);
        return { ...run, data };
      }),
  },
  {
    ...main,
    name: 'has the digest of the stream in a compressed run',
    fails: ['R-20'],
    tamper: () => changing('messageOut', 'compressedRun', (run) => ({ ...run, digest: runDigest(run.data) })),
  },
  { ...main, name: 'compresses again what was refused', fails: ['R-22'], ...images, tamper: compressedAgain },
  {
    ...main,
    name: 'names runs to everybody',
    fails: ['R-23'],
    ...images,
    tamper: () => changing('messageIn', 'hello', (hello) => ({ ...hello, capabilities: hello.capabilities | 0x1000 })),
  },
  {
    ...main,
    name: 'does not hear that a named run is not held',
    fails: ['R-25'],
    ...images,
    tamper: () =>
      without(
        'dataIn',
        (message) => message.kind === 'runRefused' && message.code === refusals['content-differs'].number,
      ),
  },
  {
    ...main,
    name: 'sends a difference to what cannot be structured',
    fails: ['R-27'],
    ...images,
    tamper: () => changing('messageOut', 'begin', (begin) => ({ ...begin, full: false })),
  },
  { ...main, name: 'sends a block again that is stored', fails: ['R-28'], ...images, tamper: sameBlockAgain },
  {
    ...main,
    name: 'leaves something out of the digest of a generation',
    fails: ['G-3'],
    ...images,
    tamper: () => changing('messageOut', 'complete', (complete) => ({ ...complete, digest: flip(complete.digest) })),
  },
];
