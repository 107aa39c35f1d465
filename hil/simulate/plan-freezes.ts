/** The freezes of a plan: each with a token of its own, some given again. Holds what the host is told of them against the oracle. */
import type { Instruction } from '../../host/host-machine.js';
import { assert } from '../../protocol/ids.js';
import type { RefusalCode } from '../../protocol/refusals.js';
import type { Oracle } from './oracle.js';
import type { Owed } from './owed.js';
import type { PlanBench } from './plan-bench.js';
import type { WaitTarget } from './plan-questions.js';
import type { InstructionListener } from './simulated-host.js';

/** Refusals of a freeze that its moment explains. */
const freezeRefusals: ReadonlySet<RefusalCode> = new Set([
  'transfer-in-progress',
  'pair-suspended',
  'taken-over',
  'failback-in-progress',
]);

/** Until a host asks a controller again that is still coming up. */
const patienceUs = 20_000;

export interface PlanFreezesParts {
  readonly bench: PlanBench;
  readonly oracle: Oracle;
  readonly owed: Owed;
  /** Gives main an instruction. */
  readonly instruct: (instruction: Instruction, then: InstructionListener) => void;
  /** Waits at main for a generation. */
  readonly waitFor: (generation: number, target: WaitTarget, then: (isReached: boolean) => void) => void;
}

interface Given {
  readonly token: Uint8Array;
  /** What it makes is newer than this. */
  readonly after: number;
  /** Gets the generation, or undefined when it was refused. */
  readonly told: (generation: number | undefined) => void;
}

export class PlanFreezes {
  readonly #parts: PlanFreezesParts;
  #count = 0;
  #newestAnswered = 0;
  /** Tokens that were given more than once, in hex. */
  readonly #repeated = new Set<string>();

  constructor(parts: PlanFreezesParts) {
    this.#parts = parts;
  }

  /** Freezes; `told` gets the generation, or undefined when it was refused. */
  make(told: Given['told'] = () => {}): void {
    this.#count += 1;
    this.#give({ token: tokenOf(this.#count), after: this.#newestAnswered, told });
  }

  /** Gives the freeze of so many before once more, if there was one. */
  repeat(ago: number): void {
    if (ago > this.#count) return;
    const token = tokenOf(this.#count + 1 - ago);
    this.#repeated.add(hexOf(token));
    this.#give({ token, after: 0, told: () => {} });
  }

  /** Freezes when the newest generation that the host knows of is committed. */
  makeNext(): void {
    const number = this.#newestAnswered;
    if (number === 0) {
      this.make();
      return;
    }
    // Every other time for the raw secondary area as well.
    const target = number % 2 === 0 ? 'structured' : 'committed';
    this.#parts.waitFor(number, target, (isReached) => {
      if (isReached) this.make();
      else this.#parts.instruct({ kind: 'resync' }, () => this.make());
    });
  }

  #give(given: Given): void {
    const { bench, oracle, owed, instruct } = this.#parts;
    const { token, told } = given;
    const made = oracle.generationOf(token);
    instruct({ kind: 'freeze', token }, (answer) => {
      if ('kind' in answer) {
        assert(answer.kind === 'frozen', 'a freeze is answered by frozen');
        this.#heardFrozen(answer.generation, given);
        told(answer.generation);
        return;
      }
      const { code, detail } = answer.refusal;
      if (code === 'recovering') {
        bench.kernel.at(bench.kernel.nowUs + patienceUs, () => this.#give(given));
        return;
      }
      // Or its process has ended: it may have frozen, or may yet.
      if (code !== 'line-lost') {
        if (!freezeRefusals.has(code) && !owed.mayHalt('main'))
          oracle.fail('answer', `a freeze is refused: ${code}: ${detail}`);
        this.#heardRefused(code, given, made);
      }
      told(undefined);
    });
  }

  /** A host that repeats its freeze, because it did not hear of it, is told of the generation that it made. */
  #heardRefused(code: RefusalCode, { token }: Given, before: number | undefined): void {
    const { oracle, owed } = this.#parts;
    // One that is given several times at once may be refused first and taken up then.
    const made = this.#repeated.has(hexOf(token)) ? before : oracle.generationOf(token);
    if (code === 'transfer-in-progress' && owed.hostData && made !== undefined)
      oracle.fail('answer', `a freeze that made generation ${made} is refused: ${code}`);
  }

  #heardFrozen(made: number, { token, after }: Given): void {
    const { oracle, owed } = this.#parts;
    // A main that has forgotten what it knew may take its numbers again: what is lost is told by its pair state.
    this.#newestAnswered = owed.hostData ? Math.max(made, this.#newestAnswered) : made;
    if (!owed.hostData) return;
    if (made <= after) oracle.fail('answer', `a freeze makes generation ${made}, after ${after}`);
    if (oracle.image(made) === undefined)
      oracle.fail('answer', `generation ${made} is told to the host and is not durable`);
    if (!oracle.isFrozenBy(made, token))
      oracle.fail('answer', `a freeze is answered by generation ${made}, which is another freeze's`);
  }
}

const hexOf = (token: Uint8Array): string => Buffer.from(token).toString('hex');

/** Each freeze has a token of its own, none of zeros. */
function tokenOf(number: number): Uint8Array {
  const token = Buffer.alloc(16);
  token.writeUInt32LE(number, 0);
  token.writeUInt32LE(0xc01df4a3, 12);
  return token;
}
