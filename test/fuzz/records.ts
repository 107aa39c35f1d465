/** One durable record of each kind, for inputs to begin with. */
import { mainRecordCodec, mainRecords } from '../../firmware-sim/main/main-records.js';
import { replicaRecords } from '../../firmware-sim/replica/replica-records.js';
import { subRecordCodec, subRecords } from '../../firmware-sim/sub/sub-records.js';
import type { MessageCodec } from '../../protocol/message/message.js';

/** Geometry of the controllers that take these records: one volume of 64 blocks of 4096 bytes. */
export const volumeBlocks = 64;
export const blockBytes = 4096;
/** The pair that the records belong to. */
export const pair: Uint8Array = Buffer.alloc(16, 0x70);

/** A value for every name that a field of a record has. */
const values: Readonly<Record<string, unknown>> = {
  ...{ pair, method: 'differential', blockBytes, volumes: [volumeBlocks * blockBytes], volume: 0 },
  ...{ first: 3, count: 2, slot: 1, digests: Buffer.alloc(32, 0x11), digest: Buffer.alloc(16, 0x22), code: 0 },
  ...{ generation: 1, epoch: 1, base: 0, full: false, token: Buffer.alloc(16, 0x33), included: [7], state: 'PAIR' },
  ...{ lastFrozen: 1, committed: 1, structured: 1, commitDigest: Buffer.alloc(16, 0x22), transfer: 1 },
  ...{ transferFull: false, fullNeeded: false, takenOver: false, failingBack: false, from: 1, to: 1 },
};

interface Declared {
  readonly kind: string;
  readonly fields: object;
}

/** The record of a kind, encoded, with some of its fields of one's own. */
export function encodedRecord(
  codec: MessageCodec,
  { kind, fields }: Declared,
  own: Readonly<Record<string, unknown>> = {},
): Buffer {
  const named = Object.keys(fields).map((name) => [name, own[name] ?? values[name]]);
  return codec.encode({ kind, ...Object.fromEntries(named) });
}

export const mainRecordSeeds: readonly Buffer[] = [...mainRecords, ...replicaRecords].map((each) =>
  encodedRecord(mainRecordCodec, each),
);
export const subRecordSeeds: readonly Buffer[] = [...subRecords, ...replicaRecords].map((each) =>
  encodedRecord(subRecordCodec, each),
);
