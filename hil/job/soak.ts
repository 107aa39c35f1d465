/**
 * The same bench for hours or days: scenarios with random seeds, one after the other. What fails is kept and can be
 * repeated alone; a bench that is lost is waited for. Of a round that has passed nothing is kept but a count.
 */
import { join } from 'node:path';
import { RefusalError, refusals } from '../../protocol/refusals.js';
import { Random } from '../random.js';
import type { RunRecord } from '../report/run-record.js';
import { usedOf } from './parameters.js';
import { carryOut, type RunChoices, type RunResult, type RunWatcher } from './run.js';

export interface SoakOptions extends Pick<RunChoices, 'bench' | 'method' | 'writes' | 'freezes' | 'encrypt'> {
  /** Names or paths of scenarios. */
  readonly scenarios: readonly string[];
  readonly seed: number;
  /** How long, and how often a line tells how far it is: time of the bench, virtual on the emulator. */
  readonly forMs: number;
  readonly everyMs: number;
  /** Folder of what failed. */
  readonly out: string;
  readonly signal: AbortSignal;
  /** The one line that repeats a round. */
  readonly commandOf: (round: Pick<SoakRound, 'scenario' | 'seed'>) => string;
  /** The time is over on a bench in real time, and this round has not ended: it is the last one. */
  readonly onTimeOver?: (round: SoakRound) => void;
}

export interface SoakRound {
  /** Counted from 1. */
  readonly number: number;
  readonly scenario: string;
  readonly seed: number;
}

/** What there was so far. */
export interface SoakCounts {
  readonly rounds: number;
  readonly passed: number;
  /** Rounds that passed with a check that had to be tried again. */
  readonly flaky: number;
  readonly failed: number;
  /** How often the bench was not there, or went away in the middle of a round. */
  readonly lost: number;
  /** Time of the bench, in milliseconds. */
  readonly elapsedMs: number;
}

export type SoakEvent =
  | { readonly kind: 'failed'; readonly round: SoakRound; readonly result: RunResult }
  | { readonly kind: 'lost'; readonly round: SoakRound; readonly why: string; readonly pauseMs: number }
  | { readonly kind: 'leftOut'; readonly round: SoakRound; readonly why: string }
  | { readonly kind: 'told'; readonly counts: SoakCounts };

/** What the soak does with the world; tests have their own. */
export interface SoakWorld {
  readonly carryOut: (choices: RunChoices, watcher: RunWatcher) => Promise<RunResult>;
  readonly nowMs: () => number;
  /** Calls `done` after so long, in real time; returns how to call it off. */
  readonly after: (ms: number, done: () => void) => () => void;
  /** Ends early when the soak is to end. */
  readonly pause: (ms: number) => Promise<void>;
}

/** The pause after a bench was lost doubles from the first to the last. */
const pauseMsMin = 1000;
const pauseMsMax = 60_000;
/** Longest delay of a timer of Node, in milliseconds; a round of more than 24 days is none. */
const timerMsMax = 2 ** 31 - 1;

export class Soak {
  readonly #options: SoakOptions;
  readonly #world: SoakWorld;
  readonly #random: Random;
  #scenarios: readonly string[];
  #counts = { rounds: 0, passed: 0, flaky: 0, failed: 0, lost: 0 };
  #lostInARow = 0;
  #elapsedMs = 0;
  #toldMs = 0;

  constructor(options: SoakOptions, world: SoakWorld) {
    this.#options = options;
    this.#world = world;
    this.#random = new Random(options.seed);
    this.#scenarios = options.scenarios;
  }

  get counts(): SoakCounts {
    return { ...this.#counts, elapsedMs: this.#elapsedMs };
  }

  /**
   * Rounds until the time is over or `signal` ends them. Throws RefusalError for what no other round can mend: a file that
   * is wrong (exit code 2), another protocol or key (4), no scenario that this bench can do.
   */
  async *run(): AsyncGenerator<SoakEvent> {
    const { signal, forMs } = this.#options;
    while (!signal.aborted && this.#elapsedMs < forMs) {
      const event = await this.#round();
      if (event !== undefined) yield event;
      if (this.#elapsedMs - this.#toldMs >= this.#options.everyMs) {
        this.#toldMs = this.#elapsedMs;
        yield { kind: 'told', counts: this.counts };
      }
    }
  }

  async #round(): Promise<SoakEvent | undefined> {
    const scenario = this.#scenarios[this.#random.below(this.#scenarios.length)] ?? '';
    const round = { number: this.#counts.rounds + 1, scenario, seed: this.#random.u32() };
    const startMs = this.#world.nowMs();
    try {
      const result = await this.#carryOut(round);
      this.#elapsedMs += timeOf(result.record, this.#world.nowMs() - startMs);
      return result.exit === 130 ? undefined : await this.#judge(round, result);
    } catch (error) {
      this.#elapsedMs += this.#world.nowMs() - startMs;
      if (!(error instanceof RefusalError)) throw error;
      const { code } = error.refusal;
      if (code === 'capability-missing') return this.#leaveOut(round, error);
      if (refusals[code].exit !== 3) throw error;
      return this.#benchLost(round, error.message);
    }
  }

  async #carryOut(round: SoakRound): Promise<RunResult> {
    const { signal, forMs, onTimeOver } = this.#options;
    const startMs = this.#world.nowMs();
    let callOff = () => {};
    const onBench = ({ kind }: { readonly kind: string }) => {
      // Virtual time is over when it has been computed.
      if (kind === 'emulator') return;
      const leftMs = forMs - this.#elapsedMs - (this.#world.nowMs() - startMs);
      callOff = this.#world.after(leftMs, () => onTimeOver?.(round));
    };
    try {
      return await this.#world.carryOut(this.#choicesOf(round), { signal, onBench });
    } finally {
      callOff();
    }
  }

  async #judge(round: SoakRound, result: RunResult): Promise<SoakEvent | undefined> {
    const { exit, record } = result;
    if (exit === 3) return this.#benchLost(round, record.reason);
    this.#lostInARow = 0;
    this.#counts.rounds += 1;
    if (exit !== 0) {
      this.#counts.failed += 1;
      return { kind: 'failed', round, result };
    }
    this.#counts.passed += 1;
    if (record.checks.some(({ verdict }) => verdict === 'flaky')) this.#counts.flaky += 1;
    return undefined;
  }

  async #benchLost(round: SoakRound, why: string): Promise<SoakEvent> {
    const pauseMs = Math.min(pauseMsMax, pauseMsMin * 2 ** this.#lostInARow);
    this.#lostInARow += 1;
    this.#counts.lost += 1;
    if (!this.#options.signal.aborted) await this.#world.pause(pauseMs);
    this.#elapsedMs += pauseMs;
    return { kind: 'lost', round, why, pauseMs };
  }

  #leaveOut(round: SoakRound, error: RefusalError): SoakEvent {
    this.#scenarios = this.#scenarios.filter((each) => each !== round.scenario);
    if (this.#scenarios.length === 0) throw error;
    return { kind: 'leftOut', round, why: error.message };
  }

  #choicesOf(round: SoakRound): RunChoices {
    const { bench, method, encrypt, out, commandOf } = this.#options;
    return {
      ...{ bench, method, encrypt, scenario: round.scenario, seed: round.seed },
      ...usedOf(round.scenario, this.#options),
      ...{ out: join(out, `round-${round.number}`), command: commandOf(round), evidence: 'failed', clear: true },
    };
  }
}

/** In virtual time the clock on the wall says nothing. */
function timeOf({ bench, durationUs }: RunRecord, wallMs: number): number {
  return bench === 'emulator' ? durationUs / 1000 : wallMs;
}

/** The world as it is. */
export function soakWorld(signal: AbortSignal): SoakWorld {
  return {
    carryOut,
    nowMs: () => performance.now(),
    after: (ms, done) => {
      const timer = setTimeout(done, Math.min(Math.max(0, ms), timerMsMax));
      return () => clearTimeout(timer);
    },
    pause: (ms) =>
      new Promise((resolve) => {
        const end = () => {
          clearTimeout(timer);
          signal.removeEventListener('abort', end);
          resolve();
        };
        const timer = setTimeout(end, ms);
        signal.addEventListener('abort', end, { once: true });
      }),
  };
}
