/** Changes of an input as plain data, so that a generator, a shrinker and a person can all hold one. */
import { unreachable } from '../../protocol/ids.js';

/** Places are taken modulo what there is, so that every mutation fits every input. */
export type Mutation =
  | { readonly kind: 'flip'; readonly bit: number }
  | { readonly kind: 'byte'; readonly at: number; readonly value: number }
  | { readonly kind: 'insert'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'overwrite'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'delete'; readonly at: number; readonly length: number }
  | { readonly kind: 'cut'; readonly length: number }
  /** A stretch of the input once more, at another place. */
  | { readonly kind: 'repeat'; readonly from: number; readonly length: number; readonly at: number }
  /** A number of `width` bytes. */
  | {
      readonly kind: 'number';
      readonly at: number;
      readonly width: 1 | 2 | 4 | 8;
      readonly endian: 'little' | 'big';
      readonly value: number;
    }
  | { readonly kind: 'add'; readonly at: number; readonly value: number }
  /** The beginning of the input, then the rest of another one. */
  | { readonly kind: 'splice'; readonly at: number; readonly other: Uint8Array; readonly from: number };

/** Values at which lengths and counts go wrong. */
export const interestingNumbers: readonly number[] = [
  ...[0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 255, 256, 511, 512, 513, 4095, 4096, 4097],
  ...[2 ** 15 - 1, 2 ** 15, 2 ** 16 - 1, 2 ** 16, 2 ** 20, 2 ** 20 + 1, 2 ** 24, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 2],
  ...[2 ** 32 - 1, 2 ** 32, 2 ** 33, 2 ** 48, 2 ** 53 - 1, 2 ** 53, 2 ** 63],
];

/** The input after a mutation, at most `bytesMax` long; `input` stays as it is. */
export function mutated(input: Uint8Array, mutation: Mutation, bytesMax: number): Uint8Array {
  return changed(input, mutation).subarray(0, bytesMax);
}

function changed(input: Uint8Array, mutation: Mutation): Uint8Array {
  const { length } = input;
  switch (mutation.kind) {
    case 'flip':
      return withByte(input, mutation.bit >>> 3, (byte) => byte ^ (1 << (mutation.bit & 7)));
    case 'byte':
      return withByte(input, mutation.at, () => mutation.value);
    case 'add':
      return withByte(input, mutation.at, (byte) => byte + mutation.value);
    case 'insert':
      return replaced(input, mutation.at % (length + 1), 0, mutation.bytes);
    case 'overwrite':
      return replaced(input, mutation.at % (length + 1), mutation.bytes.length, mutation.bytes);
    case 'delete':
      return replaced(input, mutation.at % (length + 1), mutation.length, nothing);
    case 'cut':
      return input.subarray(0, mutation.length % (length + 1));
    case 'repeat': {
      const from = mutation.from % (length + 1);
      return replaced(input, mutation.at % (length + 1), 0, input.subarray(from, from + mutation.length));
    }
    case 'number':
      return replaced(input, mutation.at % (length + 1), mutation.width, numberBytes(mutation));
    case 'splice': {
      const rest = mutation.other.subarray(mutation.from % (mutation.other.length + 1));
      return replaced(input, mutation.at % (length + 1), length, rest);
    }
    default:
      return unreachable(mutation);
  }
}

const nothing = new Uint8Array(0);

function withByte(input: Uint8Array, at: number, change: (byte: number) => number): Uint8Array {
  // Not `slice`: that of a Buffer is a view.
  const copy = Uint8Array.from(input);
  if (copy.length > 0) copy[at % copy.length] = change(copy[at % copy.length] as number);
  return copy;
}

/** The input with `length` bytes from `at` on taken out and `bytes` put there. */
function replaced(input: Uint8Array, at: number, length: number, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([input.subarray(0, at), bytes, input.subarray(at + length)]);
}

function numberBytes({ width, endian, value }: Extract<Mutation, { kind: 'number' }>): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)));
  const little = bytes.subarray(0, width);
  return endian === 'little' ? little : little.reverse();
}
