/** Subs that do wrong with their main, and the numbers at which the suite has to find them out. */
import type { MessageNamed } from '../../protocol/message/messages.js';
import { refusals } from '../../protocol/refusals.js';
import { changing, flip, images, inRange, isKind, unflushed, without } from './replication-tampering.js';
import type { Tampering } from './tampering.js';
import type { Wrong } from './wrong.js';

/** Says that a run is stored where the model has refused it with this code. */
const storedInsteadOf = (code: 'compressed-invalid' | 'content-differs' | 'digest-mismatch'): Tampering =>
  changing('messageOut', 'runRefused', (refused) =>
    refused.code === refusals[code].number
      ? { kind: 'stored', generation: refused.generation, runs: [refused.run] }
      : refused,
  );

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

const sub = { role: 'sub', at: 'remote' } as const;

export const wrongSubs: readonly Wrong[] = [
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
    ...images,
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
