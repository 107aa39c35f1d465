/**
 * Everything that a report says about a run, as plain data. Whoever carries out a run fills it in; `report.json` is
 * this record. Times are microseconds since the run began, in virtual or in real time.
 */
import * as z from 'zod';
import { pairStates } from '../../protocol/ids.js';
import { areaNames, statesPattern } from './block-states.js';

/** Version of the record; raised when a field changes its meaning or goes away. */
export const runRecordVersion = 2;

const count = z.number().int().nonnegative();
const atUs = z.number().nonnegative();
const spanSchema = z.strictObject({ volume: count, first: count, count: count.positive() });

const eventSchema = z.strictObject({
  atUs,
  /** A word that groups events: freeze, complete, commit, structured, fault, line, power, refused, note, … */
  kind: z.string(),
  generation: count.optional(),
  text: z.string(),
  values: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
});

const generationSchema = z.strictObject({
  generation: count.positive(),
  method: z.enum(['copy', 'differential', 'streaming']),
  frozenAtUs: atUs,
  /** Absent: the generation did not get that far. */
  completeAtUs: atUs.optional(),
  committedAtUs: atUs.optional(),
  structuredAtUs: atUs.optional(),
  /** When the generation failed, and why: a code of the refusal table. */
  failedAtUs: atUs.optional(),
  failedReason: z.string().optional(),
  /** Blocks of the difference, and of these sent. */
  blocksTotal: count,
  blocksSent: count,
  /** Of these as zeros without data. Absent: nobody could see it, as in models that are processes, or in boards. */
  zeroBlocks: count.optional(),
  /** Blocks that the host wrote while their frozen content waited, so that the shadow area took them. */
  deferredBlocks: count,
  /** Bytes that the line between the controllers carried for it, both ways, frames and repetitions included. */
  bytesOnLine: count,
  /** Bytes of all volumes. */
  volumeBytes: count,
  verdict: z.enum(['passed', 'failed', 'unverified']),
  wrongRanges: z.array(spanSchema).default([]),
  /** What wrong blocks hold, one sentence each. */
  explanations: z.array(z.string()).default([]),
});

const blockMapSchema = z.strictObject({
  generation: count,
  area: z.enum(areaNames),
  volume: count,
  /** Run lengths of block states, such as "u1024s3z12" (see block-states.ts). */
  states: z.string().regex(statesPattern, 'is no list of block states and counts'),
});

const latencySchema = z.strictObject({
  atUs,
  /** From the command to GOOD, in microseconds. */
  us: z.number().nonnegative(),
  /** The write went to the shadow area, or waited for a block to be sent. */
  deferred: z.boolean().optional(),
});

const checkSchema = z.strictObject({
  name: z.string(),
  /** `flaky`: failed and was tried again until it passed. */
  verdict: z.enum(['passed', 'failed', 'flaky']),
  seconds: z.number().nonnegative(),
  details: z.string().default(''),
  /** How often it was tried, when that was more than once. */
  tries: count.positive().optional(),
});

const lineSchema = z.strictObject({
  name: z.string(),
  address: z.string().default(''),
  bytesSent: count,
  bytesReceived: count,
  /** Absent: nobody could see it. */
  framesSent: count.optional(),
  framesRepeated: count.optional(),
  framesDamaged: count.optional(),
  sessions: count.optional(),
});

export const runRecordSchema = z.strictObject({
  version: z.literal(runRecordVersion),
  runId: z.string().min(1),
  title: z.string(),
  /** ISO 8601, in UTC. */
  startedAt: z.iso.datetime(),
  durationUs: atUs,
  /** What carried the run out. */
  bench: z.enum(['emulator', 'in-process', 'processes', 'boards']),
  /** The one line that repeats the run. */
  command: z.string(),
  seed: count,
  /** Where the frames of the lines were captured. */
  capture: z.string().optional(),
  method: z.enum(['copy', 'differential', 'streaming']),
  blockBytes: count.positive(),
  volumes: z.array(z.strictObject({ bytes: count.positive() })).min(1),
  verdict: z.enum(['passed', 'failed', 'unavailable', 'interrupted']),
  /** Why, when it is not `passed` and no check says so. */
  reason: z.string().default(''),
  pairState: z.enum(pairStates).optional(),
  generations: z.array(generationSchema),
  blockMaps: z.array(blockMapSchema),
  latencies: z.array(latencySchema),
  checks: z.array(checkSchema),
  lines: z.array(lineSchema),
  events: z.array(eventSchema),
});

export type RunRecord = z.infer<typeof runRecordSchema>;
export type GenerationRecord = RunRecord['generations'][number];
export type BlockMapRecord = RunRecord['blockMaps'][number];
export type LatencyRecord = RunRecord['latencies'][number];
export type CheckRecord = RunRecord['checks'][number];
export type EventRecord = RunRecord['events'][number];
export type LineRecord = RunRecord['lines'][number];
