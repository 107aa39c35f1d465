/**
 * Finds out a step machine that reaches for what is not its own: a clock, a timer, randomness, a promise, I/O that ends
 * later. A plan runs in one synchronous go, so whatever of these happens meanwhile is the doing of what it runs.
 *
 * What can throw throws there and then. What cannot be stopped, such as a promise, is noted; so is what was thrown, in
 * case somebody catches it.
 */
import { createHook } from 'node:async_hooks';
import { syncBuiltinESMExports } from 'node:module';
import { type FunctionPlace, impureFunctions } from './impure-functions.js';
import { Violation } from './violation.js';

/** What was reached for, and the line of code that did. */
export interface Offence {
  readonly what: string;
  readonly where: string;
}

/** What became of a run. An impure one has no value when it ended with the throw. */
export type Held<Value> =
  | { readonly kind: 'pure'; readonly value: Value }
  | { readonly kind: 'impure'; readonly value: Value | undefined; readonly offence: Offence };

export interface PureSteps {
  /** Runs something synchronous that must be pure. What it reaches for throws a violation of the check `pure`. */
  hold<Value>(run: () => Value): Held<Value>;
}

export interface InstalledGuard extends PureSteps {
  remove(): void;
}

/** Guards a batch of runs: all that is held in `run` has to be pure. Outside of `hold` everything is as ever. */
export function withPureSteps<Value>(run: (pure: PureSteps) => Value): Value {
  const guard = installGuard();
  try {
    return run(guard);
  } finally {
    guard.remove();
  }
}

/** The same for as long as a worker lives. Guards are removed in the reverse of the order in which they were installed. */
export function installGuard(): InstalledGuard {
  const watch = new Watch();
  const restores = impureFunctions().map((place) => wrap(place, watch));
  restores.push(wrapDate(watch));
  syncBuiltinESMExports();
  const hook = createHook({ init: (_id, type) => synchronousTypes.has(type) || watch.notice(type) }).enable();
  return {
    hold: (run) => watch.hold(run),
    remove: () => {
      hook.disable();
      for (const restore of restores.reverse()) restore();
      syncBuiltinESMExports();
    },
  };
}

/** Told of functions that do their work at once as well: key derivation. Those that answer later are wrapped. */
const synchronousTypes: ReadonlySet<string> = new Set(['DERIVEBITSREQUEST']);

class Watch {
  #armed = false;
  #offence: Offence | undefined;

  hold<Value>(run: () => Value): Held<Value> {
    this.#offence = undefined;
    this.#armed = true;
    let value: Value | undefined;
    try {
      value = run();
    } catch (error) {
      if (this.#offence === undefined) throw error;
    } finally {
      this.#armed = false;
    }
    // Seen through a function, as the run has changed it.
    const offence = this.#found();
    return offence === undefined ? { kind: 'pure', value: value as Value } : { kind: 'impure', value, offence };
  }

  /** Throws inside a run that is held. */
  reach(what: string): void {
    if (!this.#armed) return;
    const { where } = this.#note(what);
    throw new Violation('pure', `reaches for ${what} ${where}`.trimEnd());
  }

  /** Something asynchronous has come into being; nobody can stop it here. */
  notice(type: string): void {
    if (this.#armed) this.#note(type === 'PROMISE' ? 'a promise' : `asynchronous work (${type})`);
  }

  #found(): Offence | undefined {
    return this.#offence;
  }

  #note(what: string): Offence {
    this.#offence ??= { what, where: callerOf(new Error().stack ?? '') };
    return this.#offence;
  }
}

/** Lines of a stack that are Node's, the engine's, or this file's. */
const notOfCaller = /node:|at <anonymous>$|\(<anonymous>\)|simulate\/guard\.[jt]s/;

/** The innermost line of a stack that tells who reached. */
function callerOf(stack: string): string {
  const lines = stack.split('\n').filter((line) => /^ {4}at /.test(line));
  const line = lines.find((each) => !notOfCaller.test(each));
  return (line ?? '').trim().replace(/\(?(file:\/\/)?\/.*\/dist\//, '(');
}

function wrap({ owner, property, name }: FunctionPlace, watch: Watch): () => void {
  const before = Object.getOwnPropertyDescriptor(owner, property);
  const original = (owner as Record<string, unknown>)[property];
  if (before?.configurable !== true || typeof original !== 'function') return () => {};
  const wrapper = {
    wrapped(this: unknown, ...parameters: unknown[]): unknown {
      watch.reach(name);
      return Reflect.apply(original, this, parameters);
    },
  }.wrapped;
  Object.defineProperties(wrapper, Object.getOwnPropertyDescriptors(original));
  const { enumerable = false } = before;
  Object.defineProperty(owner, property, { value: wrapper, writable: true, configurable: true, enumerable });
  return () => Object.defineProperty(owner, property, before);
}

/** `new Date()` and `Date()` look at the clock; `new Date(0)` and dates that exist do not. */
function wrapDate(watch: Watch): () => void {
  const original = globalThis.Date;
  globalThis.Date = new Proxy(original, {
    construct: (target, parameters, newTarget) => {
      if (parameters.length === 0) watch.reach('new Date()');
      return Reflect.construct(target, parameters, newTarget);
    },
    apply: (target, self, parameters) => {
      watch.reach('Date()');
      return Reflect.apply(target, self, parameters);
    },
  });
  return () => {
    globalThis.Date = original;
  };
}
