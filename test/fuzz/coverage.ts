/**
 * Which code has been reached, told by Node's own inspector: precise block coverage of V8, which needs neither a native
 * binary nor another build.
 *
 * V8 tells, at each taking, of every function entered since the last one and which stretches of it were not reached.
 * What is kept of a function is the stretches that no input has reached yet; new coverage is a function entered for the
 * first time, or such a stretch that has become shorter.
 */
import { type Profiler, Session } from 'node:inspector';

/** A stretch of a module's text, end exclusive. */
interface Stretch {
  readonly start: number;
  readonly end: number;
}

interface KnownFunction {
  readonly length: number;
  unreached: readonly Stretch[];
}

export interface CoverageCount {
  /** Functions entered. */
  readonly functions: number;
  /** Characters of their text that were reached, of how many. */
  readonly reached: number;
  readonly characters: number;
}

export class Coverage {
  readonly #session = new Session();
  #modules: readonly string[] = [];
  readonly #known = new Map<string, KnownFunction>();

  /** To be made before the modules in question are loaded: V8 counts blocks only of what it compiles from now on. */
  constructor() {
    this.#session.connect();
    this.#post('Profiler.enable');
    this.#post('Profiler.startPreciseCoverage', { callCount: false, detailed: true });
  }

  /** Chooses what counts: beginnings of paths below dist/ or node_modules/. */
  look(modules: readonly string[]): void {
    this.#modules = modules.flatMap((path) => [`/dist/${path}`, `/node_modules/${path}`]);
  }

  /** What has run since the last taking; empties V8's own account. */
  take(): readonly Profiler.FunctionCoverage[] {
    const { result } = this.#post('Profiler.takePreciseCoverage') as Profiler.TakePreciseCoverageReturnType;
    return result
      .filter(({ url }) => this.#modules.some((path) => url.includes(path)))
      .flatMap(({ url, functions }) => functions.map((each) => ({ ...each, functionName: url })));
  }

  /** Adds what was taken to what is known; whether any of it was new. */
  merge(taken: readonly Profiler.FunctionCoverage[]): boolean {
    let isNew = false;
    for (const each of taken) isNew = this.#mergeFunction(each) || isNew;
    return isNew;
  }

  /** Whether anything in it is new; nothing is added. */
  isNew(taken: readonly Profiler.FunctionCoverage[]): boolean {
    return taken.some((each) => {
      const known = this.#known.get(keyOf(each));
      if (known === undefined) return wasEntered(each);
      return lengthOf(common(known.unreached, unreachedOf(each))) < lengthOf(known.unreached);
    });
  }

  get count(): CoverageCount {
    const all = [...this.#known.values()];
    const characters = all.reduce((sum, { length }) => sum + length, 0);
    const unreached = all.reduce((sum, each) => sum + lengthOf(each.unreached), 0);
    return { functions: all.length, reached: characters - unreached, characters };
  }

  #mergeFunction(taken: Profiler.FunctionCoverage): boolean {
    const known = this.#known.get(keyOf(taken));
    const unreached = unreachedOf(taken);
    if (known === undefined) {
      if (!wasEntered(taken)) return false;
      this.#known.set(keyOf(taken), { length: lengthOf([wholeOf(taken)]), unreached });
      return true;
    }
    const left = common(known.unreached, unreached);
    const isNew = lengthOf(left) < lengthOf(known.unreached);
    known.unreached = left;
    return isNew;
  }

  /** Sessions to one's own thread answer before `post` returns. */
  #post(method: string, parameters: object = {}): unknown {
    let answer: { readonly error: Error | null; readonly result: unknown } | undefined;
    this.#session.post(method, parameters, (error, result) => {
      answer = { error, result };
    });
    if (answer === undefined || answer.error !== null) throw new Error(`${method}: ${answer?.error ?? 'no answer'}`);
    return answer.result;
  }
}

/** V8 also tells of functions that it has only compiled. */
function wasEntered({ ranges: [whole] }: Profiler.FunctionCoverage): boolean {
  return whole !== undefined && whole.count > 0;
}

function wholeOf({ ranges: [whole] }: Profiler.FunctionCoverage): Stretch {
  return { start: whole?.startOffset ?? 0, end: whole?.endOffset ?? 0 };
}

/** `functionName` has become the module's address. */
function keyOf(taken: Profiler.FunctionCoverage): string {
  const { start, end } = wholeOf(taken);
  return `${taken.functionName}:${start}-${end}`;
}

/** Ranges are nested, outer ones first; those inside a stretch not reached are reached, or not, for themselves. */
function unreachedOf({ ranges }: Profiler.FunctionCoverage): readonly Stretch[] {
  let found: Stretch[] = [];
  for (const { startOffset: start, endOffset: end, count } of ranges) {
    if (count === 0) found.push({ start, end });
    else found = found.flatMap((each) => without(each, { start, end }));
  }
  return found.sort((a, b) => a.start - b.start);
}

function without(stretch: Stretch, taken: Stretch): Stretch[] {
  if (taken.end <= stretch.start || taken.start >= stretch.end) return [stretch];
  const parts = [
    { start: stretch.start, end: taken.start },
    { start: taken.end, end: stretch.end },
  ];
  return parts.filter(({ start, end }) => start < end);
}

/** What lies in both. */
function common(a: readonly Stretch[], b: readonly Stretch[]): readonly Stretch[] {
  const both: Stretch[] = [];
  for (const one of a) {
    for (const other of b) {
      const start = Math.max(one.start, other.start);
      const end = Math.min(one.end, other.end);
      if (start < end) both.push({ start, end });
    }
  }
  return both;
}

function lengthOf(stretches: readonly Stretch[]): number {
  return stretches.reduce((sum, { start, end }) => sum + end - start, 0);
}
