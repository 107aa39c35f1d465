import { expect } from 'chai';
import { type ByteEffect, damage } from '../../../hil/simulate/damage.js';
import { decodeFrame, markOf } from '../../../protocol/frame/frame.js';
import { fromHex, toHex, vectors } from '../../protocol/vectors.js';

const digits = Buffer.from('0123456789\0');
/** What arrives in place of `0123456789` and its delimiter; the delimiter is written `|`. */
const arrived = (effect: ByteEffect): string | undefined => {
  const damaged = damage(digits, effect);
  return damaged && Buffer.from(damaged).toString('latin1').replaceAll('\0', '|');
};

describe('damage to a frame on the wire', () => {
  const cases: readonly [string, ByteEffect, string | undefined][] = [
    ['flips the bits it names', { kind: 'flip', bits: [0, 9] }, '1323456789|'],
    ['wraps bits at the end of the frame', { kind: 'flip', bits: [8 * 11, 8 * 12 + 1] }, '1323456789|'],
    ['changes nothing when a bit is flipped twice', { kind: 'flip', bits: [0, 8 * 11] }, undefined],
    ['turns a run into other bytes', { kind: 'burst', at: 3, bytes: 2, xor: 0x40 }, '012st56789|'],
    ['ends a run with the frame', { kind: 'burst', at: 10, bytes: 9, xor: 0x41 }, '0123456789A'],
    ['loses bytes', { kind: 'dropBytes', at: 14, bytes: 2 }, '01256789|'],
    ['gives bytes twice', { kind: 'duplicateBytes', at: 3, bytes: 2 }, '0123434 56789|'.replace(' ', '')],
    ['puts bytes in', { kind: 'insertBytes', at: 1, hex: '6162' }, '0ab123456789|'],
    ['changes nothing by putting in nothing', { kind: 'insertBytes', at: 1, hex: '' }, undefined],
    ['loses the frame', { kind: 'dropFrame' }, ''],
    ['gives the frame again', { kind: 'duplicateFrame', copies: 2 }, '0123456789|0123456789|0123456789|'],
    ['loses the delimiter', { kind: 'delimiter', how: 'lost', at: 3 }, '0123456789'],
    ['turns the delimiter into a byte', { kind: 'delimiter', how: 'changed', at: 0x40 }, '0123456789A'],
    ['puts a delimiter in the middle', { kind: 'delimiter', how: 'extra', at: 3 }, '012|3456789|'],
    ['changes the first code', { kind: 'length', xor: 0x40 }, 'p123456789|'],
    ['loses all from a byte on', { kind: 'overrun', at: 4 }, '0123'],
    ['forges nothing that is no frame', { kind: 'forge', at: 0, xor: 1 }, undefined],
    ['finds no check in what is no frame', { kind: 'checksum', byte: 0, xor: 1 }, undefined],
  ];
  for (const [title, effect, expected] of cases) {
    it(title, () => {
      expect(arrived(effect)).to.equal(expected);
      expect(digits.toString()).to.equal('0123456789\0');
    });
  }

  for (const { name, kind, encoded: hex, payload, mark } of vectors.frames) {
    const encoded = fromHex(hex);
    const bytes = payload.length / 2;
    if (kind < 0x40 && bytes > 0) {
      it(`forges data so that the frame is taken, with one byte of it changed: ${name}`, () => {
        for (const at of [0, bytes - 1, bytes, 3 * bytes - 1]) {
          const forged = damage(encoded, { kind: 'forge', at, xor: 0x81 });
          const decoded = decodeFrame((forged as Buffer).subarray(0, -1), mark);
          const genuine = decodeFrame(encoded.subarray(0, -1), mark);
          if (!decoded.ok || !genuine.ok) throw new Error('the frame is refused');
          const expected = fromHex(payload);
          expected[at % bytes] = (expected[at % bytes] as number) ^ 0x81;
          expect(toHex(decoded.frame.payload)).to.equal(toHex(expected));
          expect({ ...decoded.frame, payload: 0 }).to.deep.equal({ ...genuine.frame, payload: 0 });
        }
      });
    } else {
      it(`forges no frame without data: ${name}`, () => {
        expect(damage(encoded, { kind: 'forge', at: 0, xor: 1 })).to.equal(undefined);
      });
    }

    it(`changes one byte of the check and nothing else: ${name}`, () => {
      for (const byte of [0, 1, 2, 3]) {
        const changed = damage(encoded, { kind: 'checksum', byte, xor: 0xff }) as Buffer;
        expect(changed.indexOf(0)).to.equal(changed.length - 1);
        expect((markOf(changed.subarray(0, -1)) as number) ^ mark).to.equal((0xff << (8 * byte)) | 0);
      }
    });
  }
});
