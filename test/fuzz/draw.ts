/** Draws inputs for the loop: one of the corpus, changed a few times. */
import type { Random } from '../../hil/random.js';
import { interestingNumbers, type Mutation, mutated } from './mutation.js';
import type { Target } from './target.js';

/** Past this, a drawn stretch is rare to help. */
const stretchBytesMax = 64;

/** The next input: of `corpus`, which is not empty. Repaired three times out of four, where the target can. */
export function drawInput(random: Random, target: Target, corpus: readonly Uint8Array[]): Uint8Array {
  let input = oneOf(random, corpus);
  for (let left = 1 + random.below(random.below(8) + 1); left > 0; left -= 1) {
    input = mutated(input, drawMutation(random, target, corpus, input.length), target.inputBytesMax);
  }
  if (target.repair === undefined || random.below(4) === 0) return input;
  return target.repair(input).subarray(0, target.inputBytesMax);
}

function drawMutation(random: Random, target: Target, corpus: readonly Uint8Array[], inputBytes: number): Mutation {
  const at = random.below(inputBytes + 1);
  switch (random.below(12)) {
    case 0:
      return { kind: 'flip', bit: random.below(8 * inputBytes + 8) };
    case 1:
      return { kind: 'byte', at, value: random.below(256) };
    case 2:
      return { kind: 'add', at, value: random.below(2) === 0 ? 1 : 255 };
    case 3:
      return { kind: 'insert', at, bytes: random.fill(Buffer.alloc(1 + random.below(8))) };
    case 4:
      return { kind: 'delete', at, length: 1 + random.below(random.below(stretchBytesMax) + 1) };
    case 5:
      return { kind: 'cut', length: at };
    case 6:
      return { kind: 'repeat', from: at, length: 1 + random.below(stretchBytesMax), at: random.below(inputBytes + 1) };
    case 7:
      return { kind: 'splice', at, other: oneOf(random, corpus), from: random.u32() };
    case 8:
    case 9:
      return drawWord(random, target, at);
    default:
      return drawNumber(random, at);
  }
}

function drawNumber(random: Random, at: number): Mutation {
  const width = oneOf(random, [1, 2, 4, 8] as const);
  const endian = random.below(3) === 0 ? 'big' : 'little';
  return { kind: 'number', at, width, endian, value: oneOf(random, interestingNumbers) };
}

function drawWord(random: Random, { words = [] }: Target, at: number): Mutation {
  if (words.length === 0) return drawNumber(random, at);
  return { kind: random.below(2) === 0 ? 'insert' : 'overwrite', at, bytes: oneOf(random, words) };
}

function oneOf<T>(random: Random, values: readonly T[]): T {
  return values[random.below(values.length)] as T;
}
