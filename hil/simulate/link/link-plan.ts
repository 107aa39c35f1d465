/**
 * A plan for the link alone: two ends, one line, what they send, and what happens to their frames. Like a plan of the
 * whole bench, every fault has an address and every operation a time of its own, so that deleting one shifts no other.
 */
import { z } from 'zod';
import { directions, lineEffect } from '../plan.js';

const count = z.int().min(0);
const positive = z.int().min(1);

/** `a` sends `there`, `b` sends `back`. */
export const ends = ['a', 'b'] as const;
export type End = (typeof ends)[number];

/** What is tested: the link with any bytes, or an endpoint with messages in clear or sealed. */
export const layers = ['link', 'clear', 'sealed'] as const;
export type Layer = (typeof layers)[number];

/** What only somebody who means it does: frames and messages get right checks, so only the seal can tell. */
const tampering = z.discriminatedUnion('kind', [
  /** A byte of a sealed message that fits one frame is changed, and the checks around and inside it are made right. */
  z.strictObject({ kind: z.literal('forgeMessage'), at: count, xor: z.int().min(1).max(255) }),
  /** The sealed message that passed so many frames before comes in place of this one's, if both fit one frame alike. */
  z.strictObject({ kind: z.literal('swap'), framesAgo: positive }),
  /** A message in clear comes in place of a sealed one that fits one frame. */
  z.strictObject({ kind: z.literal('unseal') }),
]);
export type Tampering = z.infer<typeof tampering>;

const fault = z.strictObject({
  direction: z.enum(directions),
  /** Number of the frame in this direction, from 1. */
  frame: positive,
  effect: z.union([lineEffect, tampering]),
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
    a: end,
    b: end,
  }),
  operations: z.array(operation),
  faults: z.array(fault),
});
export type LinkPlan = z.infer<typeof linkPlanSchema>;

/** The other end. */
export const opposite = (side: End): End => (side === 'a' ? 'b' : 'a');
/** The end that sends in this direction. */
export const senderOf = (direction: LinkFault['direction']): End => (direction === 'there' ? 'a' : 'b');
