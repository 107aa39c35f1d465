/** What can be fuzzed: a parser, inputs to begin with, and what it may cost. */
import { type RefusalCode, RefusalError } from '../../protocol/refusals.js';

/** So many bytes, and so many more for each byte of input. */
export interface Allowance {
  readonly fixedBytes: number;
  readonly perByte: number;
}

/** What became of an input. */
export interface Outcome {
  /** In a few words, of which there are few: a kind, or the code of a refusal. A new one counts as new coverage. */
  readonly label: string;
  /** What was made of the input, to be measured. */
  readonly output?: unknown;
}

export interface Target {
  readonly name: string;
  /** What is parsed, for `--list`. */
  readonly about: string;
  /** Golden inputs: everything else grows out of them. */
  readonly seeds: readonly Uint8Array[];
  /** Bytes that mean something to this parser: tags, keys, magic numbers. */
  readonly words?: readonly Uint8Array[];
  /** No longer input is tried, in bytes. */
  readonly inputBytesMax: number;
  /** How many inputs `npm test` draws, where a run takes so long that 200 are too many. */
  readonly runsInTests?: number;
  /** The most that one run may allocate, rubbish included. */
  readonly allocates?: Allowance;
  /** The most that the output may hold. */
  readonly holds?: Allowance;
  /** Beginnings of paths, below dist/ or node_modules/, of the modules whose coverage counts. */
  readonly modules: readonly string[];
  /** Parses. Whatever it throws is a finding: refusals and errors that are documented come back as labels. */
  run(input: Uint8Array): Outcome;
  /** The same input with checks and lengths put right, so that changes reach what lies behind them. */
  repair?(input: Uint8Array): Uint8Array;
}

export const allocatesDefault: Allowance = { fixedBytes: 2 ** 20, perByte: 256 };
export const holdsDefault: Allowance = { fixedBytes: 4096, perByte: 64 };

/** What `allowance` comes to for an input of so many bytes. */
export function allowedBytes({ fixedBytes, perByte }: Allowance, inputBytes: number): number {
  return fixedBytes + perByte * inputBytes;
}

/** A check that a target makes of its parser's work did not hold. */
export class BrokenProperty extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BrokenProperty';
  }
}

/** Throws `BrokenProperty`. */
export function property(holds: boolean, message: string): asserts holds {
  if (!holds) throw new BrokenProperty(message);
}

/** Carries out `parse`, which may throw a `RefusalError` with one of these codes and nothing else. */
export function refusingOnly(codes: readonly RefusalCode[], parse: () => Outcome): Outcome {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof RefusalError)) throw error;
    property(codes.includes(error.refusal.code), `${error.refusal.code} is none of ${codes.join(', ')}`);
    return { label: error.refusal.code, output: error.refusal.detail };
  }
}

/** The bytes as a `Buffer` over the same memory. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
