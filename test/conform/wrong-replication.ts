/** Controllers that do wrong with each other, and the numbers at which the suite has to find them out. */
import { deflateSync } from 'node:zlib';
import { strayMessage, withMessageCheck } from '../../hil/conform/stray.js';
import { contentDigest, RangeDigest, runDigest } from '../../protocol/digest.js';
import { decodeMessage, type Message, type MessageKind, type MessageNamed } from '../../protocol/message/messages.js';
import { refusals } from '../../protocol/refusals.js';
import type { DataFrame, DiskEffect, Tampering } from './tampering.js';
import type { Wrong } from './wrong.js';

type Way = 'messageOut' | 'messageIn';

/** Changes messages of one kind that pass this way. */
function changing<Kind extends MessageKind>(
  way: Way,
  kind: Kind,
  change: (message: MessageNamed<Kind>) => Message,
): Tampering {
  return {
    [way]: (message: Message) => (message.kind === kind ? change(message as MessageNamed<Kind>) : message),
  };
}

/** Takes messages of some kind away: another one that nobody knows stands in their place. */
function without(way: 'dataOut' | 'dataIn', isMeant: (message: Message) => boolean): Tampering {
  return {
    [way]: (frame: DataFrame) => {
      const decoded = frame.first && frame.last ? decodeMessage(frame.payload) : undefined;
      const isIt = decoded?.ok === true && isMeant(decoded.message);
      return isIt ? { ...frame, payload: strayMessage(frame.payload.length) } : frame;
    },
  };
}

const isKind =
  (kind: MessageKind) =>
  (message: Message): boolean =>
    message.kind === kind;

/** Says that a run is stored where the model has refused it with this code. */
const storedInsteadOf = (code: 'compressed-invalid' | 'content-differs' | 'digest-mismatch'): Tampering =>
  changing('messageOut', 'runRefused', (refused) =>
    refused.code === refusals[code].number
      ? { kind: 'stored', generation: refused.generation, runs: [refused.run] }
      : refused,
  );

/** Nothing is flushed on this disk once `since` has passed, until `until` has. */
function unflushed(
  disk: DiskEffect['disk'],
  since: (message: Message) => boolean = () => true,
  until: (message: Message) => boolean = () => false,
): Tampering {
  let isOff = false;
  const see = (message: Message) => {
    isOff = (isOff || since(message)) && !until(message);
    return message;
  };
  return {
    messageIn: see,
    messageOut: see,
    diskCommand: (effect) => {
      const { command } = effect;
      if (!isOff || effect.disk !== disk) return effect;
      if (command.op === 'synchronizeCache') return { ...effect, command: { op: 'verify', lba: 0, sectors: 0 } };
      return command.op === 'write' ? { ...effect, command: { ...command, fua: false } } : effect;
    },
  };
}

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

/** Takes runs of any generation for those of the one that has begun. */
function anyGeneration(): Tampering {
  let begun: MessageNamed<'begin'>['generation'] | undefined;
  return {
    messageIn: (message) => {
      if (message.kind === 'begin') begun = message.generation;
      return message.kind === 'blockRun' && begun !== undefined ? { ...message, generation: begun } : message;
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

const past = 2 ** 31;
/** Brings a number that is too high back into its range: `at` is its place in messages of this tag. */
function inRange(tag: number, at: number, to: number): Tampering {
  return {
    dataIn: (frame) => {
      const isIt = frame.first && frame.last && Buffer.from(frame.payload).readUInt16LE(0) === tag;
      if (!isIt || Buffer.from(frame.payload).readUInt32LE(at) < past) return frame;
      const payload = Buffer.from(frame.payload);
      payload.writeUInt32LE(to, at);
      return { ...frame, payload: withMessageCheck(payload) };
    },
  };
}

const main = { role: 'main', at: 'remote' } as const;
const sub = { role: 'sub', at: 'remote' } as const;
const flip = (digest: Uint8Array): Uint8Array => digest.map((byte) => byte ^ 0xff);
/** What else fails where no image comes to its end, or another than it should. */
const images = { may: ['R', 'G'] } as const;

const wrongMains: readonly Wrong[] = [
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

const wrongSubs: readonly Wrong[] = [
  {
    ...sub,
    name: 'is of another pair',
    fails: ['R-1'],
    ...images,
    tamper: () => changing('messageOut', 'pairing', (pairing) => ({ ...pairing, pair: flip(pairing.pair) })),
  },
  { ...sub, name: 'believes any generation', fails: ['R-2'], ...images, tamper: () => inRange(0x41, 6, 1_000_000) },
  {
    ...sub,
    name: 'takes a difference to any image',
    fails: ['R-3'],
    ...images,
    tamper: () => changing('messageIn', 'begin', (begin) => ({ ...begin, full: true })),
  },
  {
    ...sub,
    name: 'names the run after the one that is stored',
    fails: ['R-4'],
    ...images,
    tamper: () =>
      changing('messageOut', 'stored', (stored) => ({ ...stored, runs: stored.runs.map((run) => run + 1) })),
  },
  {
    ...sub,
    name: 'stores what fails its digest',
    fails: ['R-5'],
    ...images,
    tamper: () => storedInsteadOf('digest-mismatch'),
  },
  { ...sub, name: 'takes runs of any generation', fails: ['R-7'], ...images, tamper: anyGeneration },
  {
    ...sub,
    name: 'has another digest of what it holds',
    fails: ['R-8'],
    ...images,
    tamper: () =>
      changing('messageOut', 'holdings', (holdings) => ({
        ...holdings,
        chunks: holdings.chunks.map((chunk) => ({ ...chunk, digest: flip(chunk.digest) })),
      })),
  },
  {
    ...sub,
    name: 'calls committed what does not agree',
    fails: ['R-9'],
    tamper: () =>
      changing('messageOut', 'completeRefused', ({ generation }) => ({
        ...{ kind: 'committed', epoch: 1 as never, generation, digest: Buffer.alloc(16) },
      })),
  },
  {
    ...sub,
    name: 'does not hear that a generation was given up',
    fails: ['R-10'],
    tamper: () => without('dataIn', isKind('abandon')),
  },
  {
    ...sub,
    name: 'never says that a failback is done',
    fails: ['R-11'],
    tamper: () => without('dataOut', isKind('failbackDone')),
  },
  {
    ...sub,
    name: 'calls stored what is in a cache',
    fails: ['R-13'],
    ...images,
    tamper: () => unflushed('staging0'),
  },
  {
    ...sub,
    name: 'calls committed what is recorded nowhere',
    fails: ['R-16'],
    ...images,
    tamper: () => unflushed('meta', isKind('complete')),
  },
  {
    ...sub,
    name: 'frees staging before the image is in its place',
    fails: ['R-17'],
    ...images,
    tamper: () => unflushed('secondary0'),
  },
  {
    ...sub,
    name: 'takes what there is no room for as damaged',
    fails: ['R-26'],
    tamper: () =>
      changing('messageOut', 'abandon', (abandon) => ({ ...abandon, code: refusals['digest-mismatch'].number })),
  },
  {
    ...sub,
    name: 'calls committed only what has another digest',
    fails: ['G-3'],
    ...images,
    tamper: () => changing('messageIn', 'complete', (complete) => ({ ...complete, digest: flip(complete.digest) })),
  },
  {
    ...sub,
    name: 'stores streams that are none',
    fails: ['R-21'],
    tamper: () => storedInsteadOf('compressed-invalid'),
  },
  {
    ...sub,
    name: 'says that it holds what it does not',
    fails: ['R-24'],
    ...images,
    tamper: () => storedInsteadOf('content-differs'),
  },
];

export const wrongControllers: readonly Wrong[] = [...wrongMains, ...wrongSubs];
