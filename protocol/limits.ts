/**
 * The limits of frames and links in one place, with the relations between them asserted when this module loads.
 */
import { assert } from './ids.js';
import { messageBytesMax } from './message/messages.js';

/** What one sequence number stands for, in bytes: payloads of frames are multiples of it, except a message's last. */
export const unitBytes = 64;
/** The largest payload of any frame, in bytes. */
export const framePayloadBytesMax = 65_536;
/** The largest payload that a side announces unless told otherwise, in bytes. */
export const framePayloadBytesDefault = 4096;
/** Kind and sequence, before the payload. */
export const frameHeaderBytes = 3;
/** The check, after the payload. */
export const frameCheckBytes = 4;
/** The shortest and the longest decoded frame, in bytes. */
export const frameBytesMin = frameHeaderBytes + frameCheckBytes;
export const frameBytesMax = frameBytesMin + framePayloadBytesMax;
/** The longest frame on the line, encoded, without its delimiter. */
export const encodedFrameBytesMax = frameBytesMax + Math.floor(frameBytesMax / 254) + 1;
/** What a frame costs on the line besides its payload: header, check, delimiter and the first byte of COBS. */
export const frameOverheadBytes = frameBytesMin + 2;

/** Sequence numbers are taken modulo this. */
export const sequenceModulus = 2 ** 16;
/** The largest window that a side may announce for each queue, in units. */
export const windowUnitsMax = 16_384;
/** The longest run list of one record of an acknowledgement, in bytes. */
export const runsBytesMax = 63;

/** What sealing adds to a message: tag, counter, length, authentication tag, check. */
export const sealedOverheadBytes = 2 + 8 + 4 + 16 + 4;
/** The longest message that a link carries: one of the table, sealed. */
export const linkMessageBytesMax = messageBytesMax + sealedOverheadBytes;
/** How many sealed messages of one queue and direction have one key: 2^36 blocks of the cipher at the very most. */
export const rekeyMessagesDefault = 2 ** 20;

// Stryker disable all: these compare constants with constants; who changes one meets them
assert(framePayloadBytesMax % unitBytes === 0, 'the largest payload is a whole number of units');
assert(framePayloadBytesDefault <= framePayloadBytesMax, 'the default payload is allowed');
assert(framePayloadBytesMax / unitBytes <= windowUnitsMax, 'the largest frame fits the largest window');
assert(windowUnitsMax < sequenceModulus / 2, 'old and new sequence numbers can be told apart');
assert(windowUnitsMax * unitBytes >= 0.25 * 300_000, 'the window holds 0.25 s of a 3 Mbaud line');
