/**
 * Durable records are declared like messages: one declaration gives type, encoder and decoder. They never cross a
 * line; their tags are their own.
 */
import type { BlockNumber, Epoch, Generation, Method, PairState, VolumeNumber } from '../../protocol/ids.js';
import { bytes, choice, type Field, type Fields, fixedBytes, u8, u16, u32, u64 } from '../../protocol/message/field.js';
import { control, type MessageDefinition, message } from '../../protocol/message/message.js';
import { digestBytes } from '../../protocol/message/messages.js';

/** Declares a record: `tag` is never reused. */
export function record<const Kind extends string, const F extends Fields>(
  tag: number,
  kind: Kind,
  doc: string,
  fields: F,
): MessageDefinition<Kind, F> {
  return message({ kind, tag, priority: control, way: 'durable', doc, fields });
}

/** Fields that many records have. */
export const fields = {
  generation: u32('generation') as unknown as Field<Generation>,
  epoch: u32('epoch') as unknown as Field<Epoch>,
  volume: u8('volume') as unknown as Field<VolumeNumber>,
  first: u64('first block') as unknown as Field<BlockNumber>,
  count: u64('blocks'),
  slot: u32('first slot, or FFFFFFFEh for zeros'),
  digests: bytes(digestBytes * 8192, 'content digests, 16 bytes for each block'),
  digest: fixedBytes(digestBytes, 'digest of the generation'),
  code: u16('refusal number, 0 for none'),
  pair: fixedBytes(16, 'pair id'),
  state: choice(
    { SMPL: 0, COPY: 1, PAIR: 2, PSUS: 3, SSUS: 4, PSUE: 5, SSWS: 6 },
    'pair state',
  ) satisfies Field<PairState>,
  method: choice({ copy: 1, differential: 2, streaming: 3 }, 'method') satisfies Field<Method>,
};
