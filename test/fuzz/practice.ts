/** A parser with defects, for the fuzzer's own tests: nothing but coverage, and a watchdog, finds them. */
import type { Outcome, Target } from './target.js';

/** It goes deeper with each letter that is right: "FUZ" is thrown at, "LOOP" never ends. */
function parse(input: Uint8Array): Outcome {
  if (input[0] === 0x46) {
    if (input[1] === 0x55) {
      if (input[2] === 0x5a) throw new TypeError('found');
    }
  }
  while (Buffer.from(input).toString('latin1', 0, 4) === 'LOOP');
  return { label: 'parsed' };
}

export const practice: Target = {
  name: 'practice',
  about: 'a parser with defects',
  seeds: [new Uint8Array(8)],
  words: [...'FUZ'].map((letter) => Buffer.from(letter)),
  inputBytesMax: 64,
  modules: ['test/fuzz/practice'],
  run: parse,
};
