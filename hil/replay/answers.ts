/**
 * Compares what a model answers with what a capture holds: which answer belongs to which, and in what they differ.
 */
import type { Message } from '../../protocol/message/messages.js';
import { fieldsOf, type Plain } from '../capture/describe.js';

export interface Difference {
  /** As `coldframe decode` calls it. */
  readonly field: string;
  readonly captured: Plain;
  readonly answered: Plain;
}

/** Fields that depend on how fast lines and disks are, and on how large: no two benches agree in them. */
const unjudged: Readonly<Record<string, readonly string[]>> = {
  status: [
    ...['blocksSent', 'deferredBlocks', 'changedBlocks', 'unstructuredBlocks', 'shadowSlotsFree', 'hostStallUsMax'],
    ...['shadowSlots', 'structured', 'lines'],
  ],
  pairing: ['structured'],
};

/** What tells an answer from others of its kind. */
const distinguishing: readonly string[] = ['request', 'tag', 'offset', 'run', 'generation', 'volume'];
/** Where a run or a request is named, its generation says nothing more: it is compared, not looked for. */
const sufficient: readonly string[] = ['request', 'tag', 'run'];

/** Equal for two messages that answer the same. */
export function identityOf(message: Message): string {
  const values = message as unknown as Readonly<Record<string, unknown>>;
  const named = sufficient.some((name) => name in values);
  const names = distinguishing.filter((name) => name in values && !(named && ['generation', 'volume'].includes(name)));
  return [message.kind, ...names.map((name) => `${name}=${values[name]}`)].join(' ');
}

/**
 * A message as several when it says several things at once: which runs are told to be stored together is a matter of
 * time alone.
 */
export function partsOf(message: Message): readonly Message[] {
  if (message.kind !== 'stored') return [message];
  return message.runs.map((run) => ({ ...message, runs: [run], run }) as Message);
}

/** Identities of a pair: a fresh main makes one of its own, so that they stand for each other in what goes in and out. */
export class PairNames {
  #captured: string | undefined;
  #answered: Uint8Array | undefined;

  /** A message of the capture with the pair of the model in the place of the captured one. */
  translate(message: Message): Message {
    if (!('pair' in message) || this.#answered === undefined || hex(message.pair) !== this.#captured) return message;
    return { ...message, pair: this.#answered };
  }

  /** Learns from two messages that say the same which pair stands for which. */
  learn(captured: Message, answered: Message): void {
    if (!('pair' in captured) || !('pair' in answered) || this.#answered !== undefined) return;
    if (isZero(captured.pair) || isZero(answered.pair)) return;
    this.#captured = hex(captured.pair);
    this.#answered = Uint8Array.from(answered.pair);
  }
}

/** In what an answer differs, `captured` being translated already. Fields that depend on the bench alone are left out. */
export function differencesOf(captured: Message, answered: Message): Difference[] {
  const [before, after] = [fieldsOf(ordered(captured)), fieldsOf(ordered(answered))];
  return Object.keys(before)
    .filter((field) => !unjudged[captured.kind]?.includes(field))
    .map((field) => ({ field, captured: before[field] ?? '', answered: after[field] ?? '' }))
    .filter(({ captured: a, answered: b }) => JSON.stringify(a) !== JSON.stringify(b));
}

/** The writes of an image are a set. */
function ordered(message: Message): Message {
  if (message.kind !== 'frozen') return message;
  return { ...message, included: [...message.included].sort((a, b) => a - b) };
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);
