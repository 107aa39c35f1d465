/** Controllers that do wrong with instructions, and the numbers at which the suite has to find them out. */
import type { Message, MessageKind, MessageNamed } from '../../protocol/message/messages.js';
import { type RefusalCode, refusals } from '../../protocol/refusals.js';
import { senseOf } from '../../protocol/scsi/conditions.js';
import { encodeSense } from '../../protocol/scsi/sense.js';
import type { Tampering } from './tampering.js';
import type { Wrong } from './wrong.js';

/** Changes messages of one kind that the controller sends. */
function out<Kind extends MessageKind>(kind: Kind, change: (message: MessageNamed<Kind>) => Message): Tampering {
  return { messageOut: (message) => (message.kind === kind ? change(message as MessageNamed<Kind>) : message) };
}

/** Refuses for another reason. */
const insteadOf = (code: RefusalCode, other: RefusalCode): Tampering =>
  out('refused', (refused) =>
    refused.code === refusals[code].number ? { ...refused, code: refusals[other].number } : refused,
  );

const main = { role: 'main' } as const;
const pairedMain = { role: 'main', isPaired: true } as const;
const pairedSub = { role: 'sub', isPaired: true } as const;

export const wrongInstructions: readonly Wrong[] = [
  {
    ...pairedMain,
    name: 'does not know a token again',
    fails: ['I-1', 'I-2'],
    tamper: () => {
      let count = 0;
      return {
        messageIn: (message) => {
          count += 1;
          return message.kind === 'freeze' ? { ...message, token: Buffer.alloc(16, count) } : message;
        },
      };
    },
  },
  {
    ...main,
    name: 'answers before its records are durable',
    fails: ['I-12'],
    // From the first power cut on it has none.
    may: ['S', 'M', 'I', 'D', 'G'],
    tamper: () => ({
      diskCommand: (effect) => {
        const { command, disk } = effect;
        if (disk !== 'meta') return effect;
        if (command.op === 'synchronizeCache') return { ...effect, command: { op: 'verify', lba: 0, sectors: 0 } };
        return command.op === 'write' ? { ...effect, command: { ...command, fua: false } } : effect;
      },
    }),
  },
  {
    ...main,
    name: 'says that more is structured than committed',
    fails: ['I-3'],
    tamper: () =>
      out('status', (status) => ({ ...status, structured: (status.committed + 1) as typeof status.structured })),
  },
  {
    ...pairedSub,
    name: 'tells of a refused session on a line that is up',
    fails: ['I-3'],
    tamper: () =>
      out('status', (status) => ({ ...status, lines: status.lines.map((each) => ({ ...each, refused: 0x50 })) })),
  },
  {
    ...main,
    name: 'refuses a takeover for another reason',
    fails: ['I-4', 'I-8'],
    tamper: () => insteadOf('wrong-controller', 'not-ready'),
  },
  {
    ...pairedSub,
    name: 'refuses a freeze for another reason',
    fails: ['I-4', 'I-8'],
    tamper: () => insteadOf('wrong-controller', 'not-ready'),
  },
  {
    ...main,
    name: 'has another reason for a generation that never was',
    fails: ['I-5', 'I-8'],
    tamper: () => insteadOf('generation-unknown', 'not-ready'),
  },
  {
    ...pairedSub,
    name: 'has another reason for digests of another generation',
    fails: ['I-6', 'I-8'],
    tamper: () => insteadOf('wrong-generation', 'not-ready'),
  },
  {
    ...main,
    name: 'has another reason for a volume that there is not',
    fails: ['I-7'],
    tamper: () => insteadOf('unknown-volume', 'range-outside'),
  },
  {
    role: 'sub',
    name: 'has another reason for a failback without a takeover',
    fails: ['I-8'],
    tamper: () => insteadOf('not-taken-over', 'pair-healthy'),
  },
  {
    ...main,
    name: 'calls every suspension a change',
    fails: ['I-9'],
    tamper: () => out('done', (done) => ({ ...done, effect: true })),
  },
  {
    ...pairedMain,
    name: 'has another reason for a freeze during a transfer',
    fails: ['I-10'],
    tamper: () => insteadOf('transfer-in-progress', 'pair-suspended'),
  },
  {
    ...pairedSub,
    name: 'has another sense for a write before a takeover',
    fails: ['I-11'],
    tamper: () =>
      out('response', (response) => {
        const isProtected = response.status === 2 && response.sense[12] === 0x27;
        return isProtected ? { ...response, sense: encodeSense(senseOf('writeError')) } : response;
      }),
  },
  {
    ...pairedMain,
    name: 'answers a wait with another generation',
    fails: ['I-13'],
    tamper: () => out('waited', (waited) => ({ ...waited, generation: 0 as typeof waited.generation })),
  },
  {
    ...pairedSub,
    name: 'computes digests of another length of SHA-256',
    fails: ['G-1', 'G-2'],
    tamper: () =>
      out('digests', (message) => ({
        ...message,
        digests: message.digests.map((digest) => Uint8Array.from(digest).reverse()),
      })),
  },
  {
    ...pairedSub,
    name: 'has the blocks of a range in another order',
    fails: ['G-2'],
    tamper: () =>
      out('digests', (message) => {
        const isOfRanges = message.digests.length < 12;
        return isOfRanges
          ? { ...message, digests: message.digests.map((digest) => Uint8Array.from(digest).reverse()) }
          : message;
      }),
  },
];
