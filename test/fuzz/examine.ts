/** Runs one input through a target and says what is wrong, if anything is. */
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { heldBytes } from './held-bytes.js';
import { allocatesDefault, allowedBytes, holdsDefault, type Target } from './target.js';

export type Problem =
  /** Something was thrown that is not documented, or a check of the target did not hold. */
  | { readonly kind: 'thrown'; readonly name: string; readonly message: string; readonly stack: string }
  | { readonly kind: 'memory'; readonly what: 'allocated' | 'held'; readonly bytes: number; readonly allowed: number }
  /** Found by the watchdog only. */
  | { readonly kind: 'hang'; readonly limitMs: number };

export type Examined =
  | { readonly kind: 'passed'; readonly label: string }
  | { readonly kind: 'failed'; readonly problem: Problem };

/** What is loaded, compiled and pooled at first is not the input's doing, so what costs too much is run again, twice. */
const measurements = 3;
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Examines one input. Does not come back when the parser doesn't. */
export function examine(target: Target, input: Uint8Array): Examined {
  let smallest: Measured | undefined;
  for (let count = 0; count < measurements; count += 1) {
    const measured = measure(target, input);
    if (measured.kind === 'failed') return measured;
    if (measured.problem === undefined) return { kind: 'passed', label: measured.label };
    // Or the next run would look cheap: for the rubbish of this one is collected in the middle of it.
    collectGarbage();
    if (smallest === undefined || measured.allocated < smallest.allocated) smallest = measured;
  }
  const problem = smallest?.problem;
  return problem === undefined ? { kind: 'passed', label: '' } : { kind: 'failed', problem };
}

interface Measured {
  readonly kind: 'measured';
  readonly label: string;
  readonly allocated: number;
  readonly problem: Problem | undefined;
}

function measure(target: Target, input: Uint8Array): Measured | Extract<Examined, { kind: 'failed' }> {
  const before = memoryInUse();
  try {
    const { label, output } = target.run(input);
    const allocated = memoryInUse() - before;
    const held = heldBytes(output, input);
    const problem = tooMuch(target, input.length, allocated, held);
    return { kind: 'measured', label, allocated, problem };
  } catch (error) {
    return { kind: 'failed', problem: thrown(error) };
  }
}

/** A collection in between makes it less than it was: it errs on the side of silence. */
function memoryInUse(): number {
  const { used_heap_size: heap, external_memory: external } = getHeapStatistics();
  return heap + external;
}

function tooMuch(target: Target, inputBytes: number, allocated: number, held: number): Problem | undefined {
  const mayAllocate = allowedBytes(target.allocates ?? allocatesDefault, inputBytes);
  if (allocated > mayAllocate) return { kind: 'memory', what: 'allocated', bytes: allocated, allowed: mayAllocate };
  const mayHold = allowedBytes(target.holds ?? holdsDefault, inputBytes);
  return held > mayHold ? { kind: 'memory', what: 'held', bytes: held, allowed: mayHold } : undefined;
}

function thrown(error: unknown): Problem {
  if (!(error instanceof Error)) return { kind: 'thrown', name: typeof error, message: String(error), stack: '' };
  const { name, message, stack = '' } = error;
  return { kind: 'thrown', name, message, stack };
}

/** One sentence. */
export function describeProblem(problem: Problem): string {
  switch (problem.kind) {
    case 'thrown':
      return `threw ${problem.name}: ${problem.message.slice(0, 300)}`;
    case 'memory':
      return `${problem.what} ${problem.bytes} bytes, at most ${problem.allowed} are allowed`;
    case 'hang':
      return `did not come back within ${problem.limitMs} ms, or filled the memory`;
  }
}

/** Problems with the same of this have the same cause, as far as can be told: where it was thrown, not with what words. */
export function causeOf(problem: Problem): string {
  if (problem.kind !== 'thrown') return problem.kind;
  const place = /\n\s+at [^\n]*?([\w.-]+\.[jt]s:\d+)/.exec(problem.stack)?.[1] ?? '';
  return `${problem.name} ${place}`;
}
