import { expect } from 'chai';
import {
  bytes,
  choice,
  type Field,
  FieldRefusal,
  fixedBytes,
  flag,
  group,
  list,
  text,
  u8,
  u16,
  u32,
  u64,
} from '../../../protocol/message/field.js';
import { fromHex, toHex } from '../vectors.js';

/** Bytes of a value, written behind one byte that must stay. */
function written<T>(field: Field<T>, value: T): string {
  const size = field.size(value);
  const into = Buffer.alloc(size + 2, 0xee);
  expect(field.write(into, 1, value), 'the offset after it').to.equal(1 + size);
  expect([into[0], into[size + 1]], 'the bytes around it').to.deep.equal([0xee, 0xee]);
  return toHex(into.subarray(1, 1 + size));
}

/** Reads from the second byte on; `endsAt` is how much of the bytes belongs to the message. */
function readOf<T>(field: Field<T>, hex: string, endsAt?: number): { readonly value: T; readonly at: number } {
  const from = { bytes: fromHex(`ee${hex}`), at: 1, end: endsAt ?? hex.length / 2 + 1 };
  return { value: field.read(from), at: from.at };
}

function refusalOf<T>(field: Field<T>, hex: string, endsAt?: number): string {
  try {
    readOf(field, hex, endsAt);
  } catch (error) {
    if (error instanceof FieldRefusal) return error.code;
    throw error;
  }
  return 'taken';
}

/** A field carries these values as these bytes, and refuses whatever is cut off. */
function carries<T>(field: Field<T>, rows: readonly (readonly [value: T, hex: string])[]): void {
  for (const [value, hex] of rows) {
    expect(written(field, value)).to.equal(hex);
    expect(readOf(field, `${hex}99`)).to.deep.equal({ value, at: 1 + hex.length / 2 });
    for (let end = 1; end < 1 + hex.length / 2; end += 1) {
      expect(refusalOf(field, `${hex}99`, end), `${hex} up to ${end}`).to.equal(
        field.type.startsWith('list') && end >= 5 ? 'message-value' : 'message-truncated',
      );
    }
  }
}

describe('fields of messages', () => {
  it('are unsigned integers of 1, 2, 4 bytes, little-endian', () => {
    carries(u8('x'), [
      [0, '00'],
      [255, 'ff'],
    ]);
    carries(u16('x'), [
      [0x1234, '3412'],
      [0xffff, 'ffff'],
    ]);
    carries(u32('x'), [
      [0x12345678, '78563412'],
      [0xffffffff, 'ffffffff'],
    ]);
  });

  it('are unsigned integers of 8 bytes up to 2^53 − 1', () => {
    carries(u64('x'), [
      [0, '0000000000000000'],
      [0x1_0000_0002, '0200000001000000'],
      [Number.MAX_SAFE_INTEGER, 'ffffffffffff1f00'],
    ]);
    expect(refusalOf(u64('x'), '0000000000002000')).to.equal('message-value');
  });

  it('throw for a number that they cannot carry', () => {
    for (const [field, values] of [
      [u8('x'), [-1, 256, 0.5]],
      [u16('x'), [-1, 65_536, Number.NaN]],
      [u32('x'), [-1, 2 ** 32, 1.5]],
      [u64('x'), [-1, 2 ** 53, 0.5]],
    ] as const) {
      for (const value of values) expect(() => written(field, value), `${value}`).to.throw(RangeError);
    }
  });

  it('are flags of 0 and 1, and of nothing else', () => {
    carries(flag('x'), [
      [false, '00'],
      [true, '01'],
    ]);
    expect(refusalOf(flag('x'), '02')).to.equal('message-value');
  });

  it('are choices by the numbers that were given', () => {
    const field = choice({ none: 0, some: 5 }, 'how much');
    carries<'none' | 'some'>(field, [
      ['none', '00'],
      ['some', '05'],
    ]);
    expect(refusalOf(field, '01')).to.equal('message-value');
    expect(() => written(field, 'all' as 'some')).to.throw(RangeError);
    expect([field.type, field.doc]).to.deep.equal(['u8', 'how much (0 none, 5 some)']);
  });

  it('are bytes of a length that is fixed, or stands before them', () => {
    carries(fixedBytes(3, 'x'), [[fromHex('010203'), '010203']]);
    expect(() => written(fixedBytes(3, 'x'), fromHex('0102'))).to.throw(RangeError);
    expect(() => fixedBytes(3, 'x').write(Buffer.alloc(9), 0, fromHex('01020304'))).to.throw(RangeError);
    carries(bytes(3, 'x'), [
      [fromHex(''), '00000000'],
      [fromHex('a1a2a3'), '03000000a1a2a3'],
    ]);
    expect(() => written(bytes(3, 'x'), fromHex('01020304'))).to.throw(RangeError);
    expect(refusalOf(bytes(3, 'x'), '0400000001020304')).to.equal('message-value');
  });

  it('are texts in UTF-8, whose length is that of their bytes', () => {
    carries(text(4, 'x'), [
      ['', '0000'],
      ['aé', '030061c3a9'],
      ['€a', '0400e282ac61'],
    ]);
    expect(() => written(text(4, 'x'), '€é')).to.throw(RangeError);
    expect(refusalOf(text(4, 'x'), '05006161616161')).to.equal('message-value');
  });

  it('are groups and lists of others', () => {
    const pair = group({ one: u8('a'), two: u16('b') }, 'x');
    carries(pair, [[{ one: 1, two: 2 }, '010200']]);
    carries(list(u8('a'), 3, 'x'), [
      [[], '00000000'],
      [[7, 8, 9], '03000000070809'],
    ]);
    expect(readOf(list(pair, 9, 'x'), '02000000010200030400').value).to.deep.equal([
      { one: 1, two: 2 },
      { one: 3, two: 4 },
    ]);
    expect(list(pair, 9, 'x').size([{ one: 1, two: 2 }])).to.equal(7);
    expect(() => written(list(u8('a'), 3, 'x'), [1, 2, 3, 4])).to.throw(RangeError);
    expect(refusalOf(list(u8('a'), 3, 'x'), '0400000001020304')).to.equal('message-value');
    expect(refusalOf(list(pair, 9, 'x'), '02000000010200')).to.equal('message-truncated');
  });

  it('believe no count that the bytes left cannot hold', () => {
    expect(refusalOf(list(u8('a'), 2 ** 31, 'x'), 'ffffff7f0102')).to.equal('message-value');
    expect(refusalOf(list(u8('a'), 9, 'x'), '020000000102')).to.equal('taken');
  });

  it('say of themselves what stands in MESSAGES.md', () => {
    const fields = [
      u8('x'),
      u64('x'),
      flag('x'),
      fixedBytes(3, 'x'),
      bytes(9, 'x'),
      text(5, 'x'),
      list(u16('y'), 4, 'x'),
    ];
    expect(fields.map(({ type }) => type)).to.deep.equal([
      ...['u8', 'u64', 'flag', 'bytes[3]', 'bytes≤9', 'text≤5', 'list≤4 of u16'],
    ]);
    expect(group({ a: u8('b'), c: u32('d') }, 'e').type).to.equal('{a: u8, c: u32}');
    expect([...fields, group({}, 'x')].every(({ doc }) => doc === 'x')).to.equal(true);
  });
});
