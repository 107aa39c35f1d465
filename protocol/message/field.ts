/**
 * The kinds of field that a message is made of. Each knows its size, how to write itself, how to read itself with
 * a named refusal, and how it stands in MESSAGES.md; the TypeScript type of a message is inferred from its list.
 *
 * All numbers are little-endian. A decoder never allocates more than the bytes that it was given.
 */
import type { RefusalCode } from '../refusals.js';
import type { Shape } from './shape.js';

/** What a decoder throws inside this room; `decodeMessage` turns it into a value. */
export class FieldRefusal extends Error {
  readonly code: RefusalCode;
  constructor(code: RefusalCode, detail: string) {
    super(detail);
    this.code = code;
  }
}

/** Where a decoder stands in its bytes. */
export interface Reader {
  readonly bytes: Buffer;
  at: number;
  readonly end: number;
}

/** One kind of field: `T` is the value in TypeScript. */
export interface Field<T> {
  /** The type as it stands in MESSAGES.md. */
  readonly type: string;
  readonly doc: string;
  /** The same for programs. */
  readonly shape: Shape;
  /** Encoded length of `value` in bytes. */
  size(value: T): number;
  /** Writes `value` at `at` and returns the offset after it; throws a RangeError for a value that does not fit. */
  write(into: Buffer, at: number, value: T): number;
  read(from: Reader): T;
}

export type FieldValue<F> = F extends Field<infer T> ? T : never;
export type Fields = Readonly<Record<string, Field<unknown>>>;
export type FieldValues<F extends Fields> = { readonly [K in keyof F]: FieldValue<F[K]> };

/** Moves the reader over `length` bytes and returns where they began; refuses when they are not there. */
function take(from: Reader, length: number, what: string): number {
  const at = from.at;
  if (length > from.end - at) throw new FieldRefusal('message-truncated', `${what} at byte ${at} passes the end`);
  from.at = at + length;
  return at;
}

/** The same for as many bytes as were told before them. */
function takeCounted(from: Reader, length: number, what: string): number {
  return take(from, length, length > from.end - from.at ? `${what}[${length}]` : what);
}

function unsigned(bits: 8 | 16 | 32, doc: string): Field<number> {
  const bytes = (bits / 8) as 1 | 2 | 4;
  const limit = 2 ** bits;
  const type = `u${bits}`;
  return {
    type,
    doc,
    shape: { kind: 'unsigned', bytes },
    size: () => bytes,
    write(into, at, value) {
      if (!Number.isInteger(value) || value < 0 || value >= limit) throw new RangeError(`${value} is no u${bits}`);
      if (bits === 32) return into.writeUInt32LE(value, at);
      return bits === 16 ? into.writeUInt16LE(value, at) : into.writeUInt8(value, at);
    },
    read(from) {
      const at = take(from, bytes, type);
      if (bits === 32) return from.bytes.readUInt32LE(at);
      return bits === 16 ? from.bytes.readUInt16LE(at) : from.bytes.readUInt8(at);
    },
  };
}

/** Unsigned integers of 1, 2 and 4 bytes. */
export const u8 = (doc: string): Field<number> => unsigned(8, doc);
export const u16 = (doc: string): Field<number> => unsigned(16, doc);
export const u32 = (doc: string): Field<number> => unsigned(32, doc);

/** An unsigned integer of 8 bytes whose value is at most 2^53 − 1. */
export function u64(doc: string): Field<number> {
  return {
    type: 'u64',
    doc,
    shape: { kind: 'unsigned', bytes: 8 },
    size: () => 8,
    write(into, at, value) {
      if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} is no u64 of at most 2^53 − 1`);
      into.writeUInt32LE(value % 0x1_0000_0000, at);
      return into.writeUInt32LE(Math.floor(value / 0x1_0000_0000), at + 4);
    },
    read(from) {
      const at = take(from, 8, 'u64');
      const low = from.bytes.readUInt32LE(at);
      const high = from.bytes.readUInt32LE(at + 4);
      // Small numbers stay integers for the engine, too: a product with 2^32 never is one.
      const value = high === 0 ? low : low + high * 0x1_0000_0000;
      if (!Number.isSafeInteger(value)) throw new FieldRefusal('message-value', `u64 at byte ${at} passes 2^53 − 1`);
      return value;
    },
  };
}

/** A u8 that is 0 or 1. */
export function flag(doc: string): Field<boolean> {
  return {
    type: 'flag',
    doc,
    shape: { kind: 'flag' },
    size: () => 1,
    write: (into, at, value) => into.writeUInt8(value ? 1 : 0, at),
    read(from) {
      const at = take(from, 1, 'flag');
      const value = from.bytes.readUInt8(at);
      if (value > 1) throw new FieldRefusal('message-value', `flag at byte ${at} is ${value}`);
      return value === 1;
    },
  };
}

/** A u8 that names one of `table`'s values; the numbers are explicit and never reused. */
export function choice<const Table extends Readonly<Record<string, number>>>(
  table: Table,
  doc: string,
): Field<keyof Table & string> {
  const names = new Map(Object.entries(table).map(([name, value]) => [value, name as keyof Table & string]));
  const listed = [...names].map(([value, name]) => `${value} ${name}`).join(', ');
  return {
    type: 'u8',
    doc: `${doc} (${listed})`,
    shape: { kind: 'choice', numbers: table },
    size: () => 1,
    write(into, at, value) {
      const number = table[value];
      if (number === undefined) throw new RangeError(`${value} is not one of ${listed}`);
      return into.writeUInt8(number, at);
    },
    read(from) {
      const at = take(from, 1, 'choice');
      const value = from.bytes.readUInt8(at);
      const name = names.get(value);
      if (name === undefined) throw new FieldRefusal('message-value', `byte ${at} is ${value}, not one of ${listed}`);
      return name;
    },
  };
}

/** Exactly `length` bytes. The decoded value is a view of the message's bytes, not a copy. */
export function fixedBytes(length: number, doc: string): Field<Uint8Array> {
  const type = `bytes[${length}]`;
  return {
    type,
    doc,
    shape: { kind: 'fixedBytes', length },
    size: () => length,
    write(into, at, value) {
      if (value.length !== length) throw new RangeError(`${value.length} bytes where ${length} belong`);
      into.set(value, at);
      return at + length;
    },
    read(from) {
      const at = take(from, length, type);
      return from.bytes.subarray(at, at + length);
    },
  };
}

/** A u32 length, then so many bytes, at most `lengthMax`. The decoded value is a view, not a copy. */
export function bytes(lengthMax: number, doc: string): Field<Uint8Array> {
  return {
    type: `bytes≤${lengthMax}`,
    doc,
    shape: { kind: 'bytes', lengthMax },
    size: (value) => 4 + value.length,
    write(into, at, value) {
      if (value.length > lengthMax) throw new RangeError(`${value.length} bytes, at most ${lengthMax} fit`);
      into.set(value, into.writeUInt32LE(value.length, at));
      return at + 4 + value.length;
    },
    read(from) {
      const length = from.bytes.readUInt32LE(take(from, 4, 'length'));
      if (length > lengthMax) throw new FieldRefusal('message-value', `${length} bytes, at most ${lengthMax} allowed`);
      const at = takeCounted(from, length, 'bytes');
      return from.bytes.subarray(at, at + length);
    },
  };
}

/** A u16 length, then so many bytes of UTF-8, at most `lengthMax` bytes. */
export function text(lengthMax: number, doc: string): Field<string> {
  return {
    type: `text≤${lengthMax}`,
    doc,
    shape: { kind: 'text', lengthMax },
    size: (value) => 2 + Buffer.byteLength(value),
    write(into, at, value) {
      const length = Buffer.byteLength(value);
      if (length > lengthMax) throw new RangeError(`text of ${length} bytes, at most ${lengthMax} fit`);
      return into.writeUInt16LE(length, at) + into.write(value, at + 2);
    },
    read(from) {
      const length = from.bytes.readUInt16LE(take(from, 2, 'length'));
      if (length > lengthMax) throw new FieldRefusal('message-value', `text of ${length} bytes, at most ${lengthMax}`);
      const at = takeCounted(from, length, 'text');
      return from.bytes.toString('utf8', at, at + length);
    },
  };
}

/** Several fields one after the other. */
export function group<const F extends Fields>(fields: F, doc: string): Field<FieldValues<F>> {
  const entries = Object.entries(fields);
  return {
    type: `{${entries.map(([name, field]) => `${name}: ${field.type}`).join(', ')}}`,
    doc,
    shape: { kind: 'group', fields: entries.map(([name, field]) => [name, field.shape] as const) },
    size: (value) => entries.reduce((sum, [name, field]) => sum + field.size(value[name]), 0),
    write: (into, at, value) => entries.reduce((offset, [name, field]) => field.write(into, offset, value[name]), at),
    read: (from) => Object.fromEntries(entries.map(([name, field]) => [name, field.read(from)])) as FieldValues<F>,
  };
}

/** A u32 count, then so many elements, at most `countMax`. */
export function list<T>(element: Field<T>, countMax: number, doc: string): Field<readonly T[]> {
  return {
    type: `list≤${countMax} of ${element.type}`,
    doc,
    shape: { kind: 'list', countMax, element: element.shape },
    size: (value) => value.reduce((sum, each) => sum + element.size(each), 4),
    write(into, at, value) {
      if (value.length > countMax) throw new RangeError(`${value.length} elements, at most ${countMax} fit`);
      return value.reduce((offset, each) => element.write(into, offset, each), into.writeUInt32LE(value.length, at));
    },
    read(from) {
      const count = from.bytes.readUInt32LE(take(from, 4, 'count'));
      // Every element takes at least a byte, so a count past the bytes left is a lie and must not allocate.
      if (count > countMax || count > from.end - from.at) {
        throw new FieldRefusal('message-value', `count ${count}, at most ${countMax} in ${from.end - from.at} bytes`);
      }
      const elements: T[] = [];
      while (elements.length < count) elements.push(element.read(from));
      return elements;
    },
  };
}
