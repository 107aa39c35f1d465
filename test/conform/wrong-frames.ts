/** Devices that do wrong with frames, and the numbers at which the suite has to find them out. */

import { plainFrame, stuffed, wholeMessageKind } from '../../hil/conform/stray.js';
import { decodeFrame, encodeFrame, markOf } from '../../protocol/frame/frame.js';
import { finalCode, hasLongBlock, plainOf } from './plain-bytes.js';
import { anything, type Wrong } from './wrong.js';

const acknowledgementByte = 0x40;

/** The same frame with another kind byte, and a check that is right for it. */
function withKind(plain: Buffer, kindByte: number, mark: number): Buffer {
  const payload = plain.subarray(3, -4);
  return stuffed(plainFrame({ kindByte, sequence: plain.readUInt16LE(1), payload, mark })).subarray(0, -1);
}

export const wrongFrames: readonly Wrong[] = [
  {
    name: 'sends a block that passes the end of the frame before each acknowledgement',
    fails: ['F-1'],
    tamper: () => ({
      acknowledgementOut: (frame, { extra }) => {
        extra.push(Buffer.of(9, 1, 2, 0));
        return frame;
      },
    }),
  },
  {
    name: 'sends six bytes in a frame now and then',
    fails: ['F-2'],
    tamper: () => ({
      acknowledgementOut: (frame, { extra }) => {
        extra.push(stuffed(Buffer.of(1, 2, 3, 4, 5, 6)));
        return frame;
      },
    }),
  },
  {
    name: 'says each acknowledgement again with a sequence',
    fails: ['F-3'],
    tamper: () => ({
      acknowledgementOut: (frame, { extra, markOut: mark }) => {
        const { payload } = frame;
        extra.push(stuffed(plainFrame({ kindByte: acknowledgementByte, sequence: 1, payload, mark })));
        return frame;
      },
    }),
  },
  {
    name: 'looks away from the reserved bits of data frames',
    fails: ['F-4'],
    tamper: () => ({
      bytesIn: (bytes) => {
        const plain = plainOf(bytes);
        const kind = plain[0] ?? 0;
        const isSpoilt = plain.length >= 7 && kind < 0x40 && (kind & 3) !== 0;
        return isSpoilt ? withKind(plain, kind & ~3, markOf(bytes) ?? 0) : bytes;
      },
    }),
  },
  {
    name: 'makes its mark of the ids the other way round',
    fails: ['F-5'],
    may: anything,
    tamper: () => ({
      bytesOut: (bytes, { markIn }) => {
        const decoded = decodeFrame(bytes, markOf(bytes) ?? 0);
        if (!decoded.ok || decoded.frame.kind === 'open') return bytes;
        return encodeFrame(decoded.frame, markIn).subarray(0, -1);
      },
    }),
  },
  {
    name: 'looks away from the check of data frames',
    fails: ['F-6', 'F-11', 'L-17'],
    tamper: () => ({
      bytesIn: (bytes, { markIn }) => {
        const plain = plainOf(bytes);
        const isData = plain.length >= 7 && (plain[0] ?? 0) === wholeMessageKind;
        return isData ? withKind(plain, wholeMessageKind, markIn) : bytes;
      },
    }),
  },
  {
    name: 'cannot decode blocks of 254 bytes',
    fails: ['F-7', 'F-8', 'L-35', 'L-36', 'L-37'],
    may: ['D', 'F-9'],
    tamper: () => ({ bytesIn: (bytes) => (hasLongBlock(bytes) ? undefined : bytes) }),
  },
  {
    name: 'takes no empty block after a final block of 254 bytes',
    fails: ['F-8'],
    tamper: () => ({ bytesIn: (bytes) => (finalCode(bytes) === 1 && bytes.at(-256) === 0xff ? undefined : bytes) }),
  },
  {
    name: 'appends an empty block after a final block of 254 bytes',
    fails: ['F-9'],
    tamper: () => ({ bytesOut: (bytes) => (finalCode(bytes) === 0xff ? Buffer.concat([bytes, Buffer.of(1)]) : bytes) }),
  },
  {
    name: 'answers a damaged frame with an acknowledgement',
    fails: ['F-11'],
    tamper: () => ({
      bytesIn: (bytes, { extra, markOut }) => {
        const payload = Buffer.of(0, 1, 0);
        if (markOf(bytes) === undefined) extra.push(encodeFrame({ kind: 'acknowledgement', payload }, markOut));
        return bytes;
      },
    }),
  },
  {
    name: 'is lost after ten frames that are none',
    fails: ['F-10'],
    tamper: () => {
      let count = 0;
      let link = 0;
      return {
        bytesIn: (bytes, { markIn }) => {
          if (link !== markIn) count = 0;
          link = markIn;
          if (markOf(bytes) === undefined) count += 1;
          return count >= 10 && bytes.length < 60 && markOf(bytes) === markIn ? undefined : bytes;
        },
      };
    },
  },
  {
    name: 'sends no delimiter when its line comes up',
    fails: ['F-13'],
    tamper: () => ({ bytesOut: (bytes) => (bytes.length === 0 ? undefined : bytes) }),
  },
];
