/** The fields and limits that messages of several kinds share. */
import type { BlockNumber, Epoch, Generation, VolumeNumber } from '../ids.js';
import { choice, type Field, u8, u16, u32, u64 } from './field.js';

/** The version that hello carries. Two sides must agree on it. */
export const protocolVersion = 1;
/** The most bytes that one message may have, headers included. */
export const messageBytesMax = 2 ** 20 + 2 ** 16;
/** The most bytes of blocks in one blockRun, and of data in one dataOut or dataIn. */
export const dataBytesMax = 2 ** 20;
/** Bytes of a content digest: SHA-256 cut to 128 bits; all zero for a block of zeros. */
export const digestBytes = 16;

export const request = u32('the number that the asker gave this request; its answer carries it again');
export const generationField = (doc: string): Field<Generation> => u32(doc) as unknown as Field<Generation>;
export const epochField = (doc: string): Field<Epoch> => u32(doc) as unknown as Field<Epoch>;
export const volumeField = u8('volume') as unknown as Field<VolumeNumber>;
export const blockField = (doc: string): Field<BlockNumber> => u64(doc) as unknown as Field<BlockNumber>;
export const methodField = choice({ copy: 1, differential: 2, streaming: 3 }, 'method');
export const roleField = choice({ host: 1, main: 2, sub: 3, disk: 4 }, 'role of the sender');
export const pairStateField = choice({ SMPL: 0, COPY: 1, PAIR: 2, PSUS: 3, SSUS: 4, PSUE: 5, SSWS: 6 }, 'pair state');
/** A number of the refusal table. */
export const refusalNumber = (doc: string) => refusalCode(`${doc}: a number of the refusal table, 0 for none`);
/** The same, under a description of its own. */
export const refusalCode = (doc: string): Field<number> => ({ ...u16(doc), shape: { kind: 'refusal' } });
