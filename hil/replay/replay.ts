/**
 * Says to a fresh model what was said to its role in a capture, in the same order, no earlier than then and only once the
 * model has answered what had been answered by then; and compares the answers.
 */
import type { Message } from '../../protocol/message/messages.js';
import { type Difference, differencesOf, identityOf, PairNames, partsOf } from './answers.js';
import type { ReplayRole } from './roles.js';
import type { Script, ScriptEntry, ScriptLine } from './script.js';
import type { ReplayShape } from './shape.js';
import { Stage } from './stage.js';

export type ReplayOutcome =
  /** The model says what the capture has, but for what is listed. */
  | {
      readonly kind: 'answered';
      readonly line: ScriptLine;
      /** Of the captured frame. */
      readonly number: number;
      /** When the model said it, in microseconds of virtual time. */
      readonly atUs: number;
      readonly message: Message;
      readonly differences: readonly Difference[];
    }
  /** The capture has it, and the model does not say it. */
  | {
      readonly kind: 'missing';
      readonly line: ScriptLine;
      readonly number: number;
      readonly atUs: number;
      readonly message: Message;
    }
  /** The model says it, and the capture does not have it. */
  | { readonly kind: 'extra'; readonly line: ScriptLine; readonly atUs: number; readonly message: Message };

export interface ReplayOptions {
  readonly role: ReplayRole;
  readonly shape: ReplayShape;
  readonly script: Script;
}

/** How long a model is given for an answer that the capture has, in microseconds of virtual time. */
const patienceUs = 10_000_000;

/** The outcomes: those of the capture's answers in its order, then what the model said besides. */
export function replay({ role, shape, script }: ReplayOptions): ReplayOutcome[] {
  return new Replay(role, shape, script).run();
}

interface Answer {
  readonly line: ScriptLine;
  readonly atUs: number;
  readonly message: Message;
}

class Replay {
  readonly #script: Script;
  readonly #stage: Stage;
  readonly #names = new PairNames();
  /** Answers of the model that none of the capture has taken yet, by line and identity. */
  readonly #answers = new Map<string, Answer[]>();

  constructor(role: ReplayRole, shape: ReplayShape, script: Script) {
    this.#script = script;
    this.#stage = new Stage(role, shape, script, (line, message) => this.#hear(line, message));
  }

  run(): ReplayOutcome[] {
    const { entries } = this.#script;
    const startUs = entries[0]?.atUs ?? 0;
    const outcomes = entries.flatMap((entry) => this.#carryOut(entry, entry.atUs - startUs));
    // What the model goes on to say is behind the end of the capture.
    this.#stage.until(() => false, (entries.at(-1)?.atUs ?? 0) - startUs);
    const left = [...this.#answers.values()].flat().sort((a, b) => a.atUs - b.atUs);
    return [...outcomes, ...left.map((answer) => ({ kind: 'extra', ...answer }) as const)];
  }

  #carryOut({ line, number, step }: ScriptEntry, notBeforeUs: number): ReplayOutcome[] {
    const stage = this.#stage;
    switch (step.kind) {
      case 'restart':
        stage.until(() => false, notBeforeUs);
        stage.restart();
        return [];
      case 'silence':
        stage.until(() => false, notBeforeUs);
        stage.silence(line);
        return [];
      case 'session':
        stage.until(() => false, notBeforeUs);
        stage.begin(line);
        return [];
      case 'said':
        stage.until(() => false, notBeforeUs);
        stage.until(() => stage.isOpen(line), stage.nowUs + patienceUs);
        stage.say(line, this.#names.translate(step.message));
        return [];
      case 'answered':
        return partsOf(step.message).map((message) => this.#await(line, number, message));
    }
  }

  /** Waits for the answer of the model that belongs to one of the capture. */
  #await(line: ScriptLine, number: number, captured: Message): ReplayOutcome {
    const stage = this.#stage;
    const place = placeOf(line, captured);
    stage.until(() => this.#answers.has(place), stage.nowUs + patienceUs);
    const answer = this.#take(place);
    if (answer === undefined) return { kind: 'missing', line, number, atUs: stage.nowUs, message: captured };
    this.#names.learn(captured, answer.message);
    const differences = differencesOf(this.#names.translate(captured), answer.message);
    return { kind: 'answered', number, ...answer, differences };
  }

  #hear(line: ScriptLine, message: Message): void {
    for (const part of partsOf(message)) {
      const place = placeOf(line, part);
      const answer = { line, atUs: this.#stage.nowUs, message: part };
      this.#answers.set(place, [...(this.#answers.get(place) ?? []), answer]);
    }
  }

  #take(place: string): Answer | undefined {
    const [first, ...rest] = this.#answers.get(place) ?? [];
    if (rest.length === 0) this.#answers.delete(place);
    else this.#answers.set(place, rest);
    return first;
  }
}

const placeOf = ({ name }: ScriptLine, message: Message): string => `${name} ${identityOf(message)}`;
