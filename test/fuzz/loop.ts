/** The loop: draws inputs, runs them, keeps those that reach something new, tells what went wrong. */
import { Random } from '../../hil/random.js';
import type { CoverageCount } from './coverage.js';
import { drawInput } from './draw.js';
import { causeOf, type Examined, examine, type Problem } from './examine.js';
import { shrinkNow } from './shrink.js';
import type { Target } from './target.js';

/** What the loop needs of `Coverage`. */
export interface CoverageSource<Taken> {
  take(): Taken;
  merge(taken: Taken): boolean;
  isNew(taken: Taken): boolean;
  readonly count: CoverageCount;
}

export interface Finding {
  readonly problem: Problem;
  /** As short as shrinking made it. */
  readonly input: Uint8Array;
}

export interface LoopOptions<Taken> {
  readonly target: Target;
  readonly seed: number;
  readonly coverage: CoverageSource<Taken>;
  /** Called before and after each run, for a watchdog. */
  readonly watch: { begin(input: Uint8Array): void; end(): void };
  readonly onFinding: (finding: Finding) => void;
  readonly onKept: (input: Uint8Array) => void;
  /** Inputs to begin with besides the target's seeds. */
  readonly inputs?: readonly Uint8Array[];
}

/**
 * Coverage is taken once for a batch of runs, for taking it costs as much as hundreds of them. Batches grow as long as
 * nothing new comes up.
 */
const batchRunsMin = 32;
const batchRunsMax = 1024;

export class FuzzLoop<Taken> {
  readonly #options: LoopOptions<Taken>;
  readonly #random: Random;
  readonly #corpus: Uint8Array[] = [];
  readonly #labels = new Set<string>();
  readonly #causes = new Set<string>();
  #executions = 0;
  #batchRuns = batchRunsMin;

  constructor(options: LoopOptions<Taken>) {
    this.#options = options;
    this.#random = new Random(`${options.seed}/${options.target.name}`);
  }

  get executions(): number {
    return this.#executions;
  }

  /** Inputs that each reached something new, the seeds first. */
  get corpus(): readonly Uint8Array[] {
    return this.#corpus;
  }

  /** Different outcomes: kinds, and codes of refusals. */
  get labels(): ReadonlySet<string> {
    return this.#labels;
  }

  get coverage(): CoverageCount {
    return this.#options.coverage.count;
  }

  /** Runs what there is to begin with. An input that fails is told, and nothing grows out of it. */
  begin(): void {
    const { target, inputs = [], coverage } = this.#options;
    for (const input of [...target.seeds, ...inputs]) {
      const examined = this.#run(input);
      if (examined.kind === 'failed') this.#found(input, examined.problem);
      else {
        this.#labels.add(examined.label);
        this.#corpus.push(input);
      }
    }
    if (this.#corpus.length === 0) this.#corpus.push(new Uint8Array(0));
    coverage.merge(coverage.take());
  }

  /** Runs a batch of new inputs. */
  batch(): void {
    const { target, coverage } = this.#options;
    const passed: Uint8Array[] = [];
    for (let count = 0; count < this.#batchRuns; count += 1) {
      const input = drawInput(this.#random, target, this.#corpus);
      const examined = this.#run(input);
      if (examined.kind === 'failed') this.#found(input, examined.problem);
      else if (this.#labels.has(examined.label)) passed.push(input);
      else this.#keepLabel(input, examined.label);
    }
    const taken = coverage.take();
    const isNew = coverage.isNew(taken);
    if (isNew) this.#keepWhatIsNew(passed);
    coverage.merge(taken);
    this.#batchRuns = isNew ? batchRunsMin : Math.min(2 * this.#batchRuns, batchRunsMax);
  }

  /** Some of these reached something new: halves them until it is known which. */
  #keepWhatIsNew(inputs: readonly Uint8Array[]): void {
    const { coverage } = this.#options;
    for (const input of inputs) this.#run(input);
    const taken = coverage.take();
    if (!coverage.isNew(taken)) return;
    const [only] = inputs;
    if (inputs.length === 1 && only !== undefined) {
      coverage.merge(taken);
      this.#keep(only);
      return;
    }
    const half = Math.ceil(inputs.length / 2);
    this.#keepWhatIsNew(inputs.slice(0, half));
    this.#keepWhatIsNew(inputs.slice(half));
  }

  #keepLabel(input: Uint8Array, label: string): void {
    this.#labels.add(label);
    this.#keep(input);
  }

  #keep(input: Uint8Array): void {
    // What was drawn may be a view of something larger.
    const kept = Uint8Array.from(input);
    this.#corpus.push(kept);
    this.#options.onKept(kept);
  }

  #run(input: Uint8Array): Examined {
    const { watch, target } = this.#options;
    watch.begin(input);
    const examined = examine(target, input);
    watch.end();
    this.#executions += 1;
    return examined;
  }

  /** The first of each cause is shrunk and told. */
  #found(input: Uint8Array, problem: Problem): void {
    const cause = causeOf(problem);
    if (this.#causes.has(cause)) return;
    this.#causes.add(cause);
    const shrunk = shrinkNow(input, (candidate) => {
      const again = this.#run(candidate);
      return again.kind === 'failed' && causeOf(again.problem) === cause;
    });
    const last = this.#run(shrunk);
    this.#options.onFinding({
      problem: last.kind === 'failed' ? last.problem : problem,
      input: Uint8Array.from(shrunk),
    });
  }
}
