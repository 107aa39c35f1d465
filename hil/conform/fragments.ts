/**
 * What the device has sent in one queue: its fragments held to what the protocol says of them, put together to
 * messages. Nothing that arrives is forgotten, so that repetitions can be compared with what they repeat.
 */
import { sequenceModulus, unitBytes } from '../../protocol/limits.js';
import { unitsOf } from '../../protocol/link/sequence.js';

export interface Fragment {
  readonly atUs: number;
  /** Its first unit, and the first unit after it; never wrapped. */
  readonly start: number;
  readonly end: number;
  readonly first: boolean;
  readonly last: boolean;
  readonly payload: Uint8Array;
  /** All its units had been there before. */
  readonly isRepeated: boolean;
}

export interface FragmentNote {
  readonly number: string;
  readonly expected: string;
  readonly came: string;
}

export class Fragments {
  /** All of them, in order of arrival. */
  readonly all: Fragment[] = [];
  /** Those that brought something new, in order of their units: what is not repeated is sent in order. */
  readonly #fresh: Fragment[] = [];
  /** The first unit that has not arrived. */
  #end = 0;
  #parts: Uint8Array[] = [];

  get end(): number {
    return this.#end;
  }

  /** Takes a fragment; gives the message that it ends, and what is wrong with it. */
  take(
    { sequence, first, last, payload }: Pick<Fragment, 'first' | 'last' | 'payload'> & { readonly sequence: number },
    atUs: number,
  ): { readonly message: Uint8Array | undefined; readonly notes: readonly FragmentNote[] } {
    const start = unwrappedNear(sequence, this.#end);
    const end = start + unitsOf(payload.length);
    const isRepeated = start < this.#end;
    const fragment = { atUs, start, end, first, last, payload, isRepeated };
    const notes = isRepeated ? this.#repeated(fragment) : this.#following(fragment);
    if (!last && (payload.length === 0 || payload.length % unitBytes !== 0)) {
      notes.push(note('L-4', `a multiple of ${unitBytes} bytes, since the message goes on`, `${payload.length} bytes`));
    }
    this.all.push(fragment);
    if (isRepeated) return { message: undefined, notes };
    this.#fresh.push(fragment);
    this.#end = end;
    return { message: this.#join(fragment), notes };
  }

  #following({ start }: Fragment): FragmentNote[] {
    if (start === this.#end) return [];
    const number = this.#fresh.length === 0 ? 'L-5' : 'L-3';
    return [note(number, `unit ${this.#end % sequenceModulus} next`, `unit ${start % sequenceModulus}`)];
  }

  /** A repetition lies within one fragment of before, has its bytes, and its flags at the outer ends alone. */
  #repeated(piece: Fragment): FragmentNote[] {
    const whole = this.#fresh.find(({ start, end }) => start <= piece.start && piece.end <= end);
    if (whole === undefined) {
      return [note('L-7', 'a repetition within one fragment of before', `units ${piece.start} to ${piece.end}`)];
    }
    const from = (piece.start - whole.start) * unitBytes;
    const same = Buffer.compare(whole.payload.subarray(from, from + piece.payload.length), piece.payload) === 0;
    const first = whole.first && piece.start === whole.start;
    const last = whole.last && piece.end === whole.end;
    if (same && first === piece.first && last === piece.last) return [];
    return [note('L-7', 'the bytes and flags of before', `${same ? 'other flags' : 'other bytes'} at ${piece.start}`)];
  }

  #join({ first, last, payload }: Fragment): Uint8Array | undefined {
    if (first) this.#parts = [];
    this.#parts.push(payload);
    if (!last) return undefined;
    const message = Buffer.concat(this.#parts);
    this.#parts = [];
    return message;
  }
}

function note(number: string, expected: string, came: string): FragmentNote {
  return { number, expected, came };
}

function unwrappedNear(sequence: number, reference: number): number {
  const ahead = (sequence - (reference % sequenceModulus) + sequenceModulus) % sequenceModulus;
  return reference + (ahead < sequenceModulus / 2 ? ahead : ahead - sequenceModulus);
}
