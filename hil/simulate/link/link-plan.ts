/**
 * A plan for the link alone: two ends, one line, what they send, and what happens to their frames. Like a plan of the
 * whole bench, every fault has an address and every operation a time of its own, so that deleting one shifts no other.
 */
import { z } from 'zod';
import { ciphers } from '../../../protocol/session/ciphers.js';
import { directions, lineEffect } from '../plan.js';

const count = z.int().min(0);
const positive = z.int().min(1);

/** `a` sends `there`, `b` sends `back`. */
export const ends = ['a', 'b'] as const;
export type End = (typeof ends)[number];

/** What is tested: the link with any bytes, or an endpoint with messages in clear or sealed. */
export const layers = ['link', 'clear', 'sealed'] as const;
export type Layer = (typeof layers)[number];

/** What a hello is made to say that somebody tampers with: its ciphers or its key are left out. */
export const downgrades = [...ciphers, 'all ciphers', 'key'] as const;
/**
 * Whose hello comes in the place of one: somebody's own, the one that the receiver has said itself, the same as if its
 * sender had said it, or one that its sender has said in an earlier session.
 */
export const impersonations = ['stranger', 'echo', 'mirror', 'past'] as const;

/**
 * What only somebody who means it does to whole messages: frames and messages get right checks, so only the seal can
 * tell. It happens to the first frame from the one with the number on that holds a message which it fits; hello and proof
 * are spared by what is for the messages behind them.
 */
const tampering = z.discriminatedUnion('kind', [
  /** A byte of a hello or a sealed message is changed, and the checks around and inside it are made right. */
  z.strictObject({ kind: z.literal('forgeMessage'), at: count, xor: z.int().min(1).max(255) }),
  /** A sealed message loses some of its last bytes. */
  z.strictObject({ kind: z.literal('cut'), bytes: positive }),
  /**
   * The sealed message that passed so many before comes in the place of this one: of the same queue, of any queue that
   * way, or of any the other way.
   */
  z.strictObject({
    kind: z.literal('replay'),
    messagesAgo: positive,
    from: z.enum(['queue', 'same way', 'other way']),
  }),
  /** A sealed message is held back until the next one of its queue, and comes after it. */
  z.strictObject({ kind: z.literal('reorder') }),
  /** A message in clear comes in place of a sealed one. */
  z.strictObject({ kind: z.literal('unseal') }),
  /** A refusal of the session comes in place of any message of it. */
  z.strictObject({ kind: z.literal('refuse'), code: z.enum(['wrong-key', 'version-mismatch', 'capability-missing']) }),
  z.strictObject({ kind: z.literal('impersonate'), as: z.enum(impersonations) }),
  z.strictObject({ kind: z.literal('downgrade'), without: z.enum(downgrades) }),
]);
export type Tampering = z.infer<typeof tampering>;

/**
 * The open that passed so many opens before comes once more, behind the first frame from the one with the number on at which
 * there is such a one: what lay in some buffer since before a side started anew. Opens that are repeated count once.
 */
const staleOpen = z.strictObject({ kind: z.literal('staleOpen'), opensAgo: positive });

const fault = z.strictObject({
  direction: z.enum(directions),
  /** Number of the frame in this direction, from 1. */
  frame: positive,
  effect: z.union([lineEffect, tampering, staleOpen]),
});
export type LinkFault = z.infer<typeof fault>;

const operation = z.discriminatedUnion('kind', [
  /** Sends a message, as soon as the session is open. */
  z.strictObject({
    kind: z.literal('send'),
    atUs: count,
    side: z.enum(ends),
    priority: z.literal([0, 1, 2]),
    /** Of its content: at least 12, where messages tell by themselves which they are; any number behind one such. */
    bytes: count,
  }),
  /** The power of a side goes, and comes back so much later with fresh entropy. The line stays up. */
  z.strictObject({ kind: z.literal('restart'), atUs: count, side: z.enum(ends), offUs: count }),
]);
export type LinkOperation = z.infer<typeof operation>;

const end = z.strictObject({
  framePayloadMax: z.int().min(64).max(65536).multipleOf(64),
  windowBytes: z
    .int()
    .min(64)
    .max(2 ** 20),
  messageBytesMax: positive,
});
export type EndConfiguration = z.infer<typeof end>;

const cipherList = z.array(z.enum(ciphers)).min(1);

export const linkPlanSchema = z.strictObject({
  version: z.literal(1),
  subject: z.literal('link'),
  /** Entropy of the ends. */
  seed: count,
  configuration: z.strictObject({
    layer: z.enum(layers),
    /** Bits per second; 0: bytes take no time. */
    baud: count,
    latencyUs: count,
    /** The most bytes that arrive together; 0: frames arrive whole. */
    deliveryBytesMax: count,
    /** How a sealed line is sealed: the ciphers that each end takes, of which they share one, and the messages of a key. */
    sealing: z.strictObject({ a: cipherList, b: cipherList, rekeyMessages: positive }),
    a: end,
    b: end,
  }),
  operations: z.array(operation),
  faults: z.array(fault),
});
export type Sealing = z.infer<typeof linkPlanSchema>['configuration']['sealing'];
export type LinkPlan = z.infer<typeof linkPlanSchema>;

/** The other end. */
export const opposite = (side: End): End => (side === 'a' ? 'b' : 'a');
/** The end that sends in this direction. */
export const senderOf = (direction: LinkFault['direction']): End => (direction === 'there' ? 'a' : 'b');
