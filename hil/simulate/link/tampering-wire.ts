/**
 * Somebody on the line who knows the protocol and has no key: changes and exchanges messages, with right checks of frames
 * and messages around them. What it takes for that are messages that pass whole in a frame.
 */
import { encodeFrame } from '../../../protocol/frame/frame.js';
import { unreachable } from '../../../protocol/ids.js';
import { unitsOf } from '../../../protocol/link/sequence.js';
import { control } from '../../../protocol/message/message.js';
import type { Wire } from '../kernel.js';
import type { Delivery, LineCounts } from '../line-model.js';
import type { Direction } from '../plan.js';
import { changed, clear, cut, downgraded, impersonated, refusal } from './forgery.js';
import type { LinkFault, Tampering } from './link-plan.js';
import { type Passed, passedIn, type Tape } from './tape.js';

export interface TamperingFault extends LinkFault {
  readonly effect: Tampering;
}

export interface TamperingOptions {
  readonly direction: Direction;
  readonly faults: readonly TamperingFault[];
  /** Shared by both directions. */
  readonly tape: Tape;
  readonly applied: (fault: TamperingFault) => void;
}

const tampering = [
  ...(['forgeMessage', 'cut', 'replay', 'reorder'] as const),
  ...(['unseal', 'refuse', 'impersonate', 'downgrade'] as const),
] as const;

/** Whether it is for somebody who knows the protocol. */
export function isTampering(fault: LinkFault): fault is TamperingFault {
  return tampering.some((kind) => kind === fault.effect.kind);
}

export class TamperingWire implements Wire {
  readonly #around: Wire;
  readonly #options: TamperingOptions;
  /** What is still to be done, by the number of the frame from which on. */
  readonly #pending: TamperingFault[];
  #frames = 0;
  /** A message that is held back until the next of its queue. */
  #held: { readonly passed: Passed; readonly fault: TamperingFault } | undefined;

  constructor(around: Wire, options: TamperingOptions) {
    this.#around = around;
    this.#options = options;
    this.#pending = [...options.faults].sort((one, other) => one.frame - other.frame);
  }

  get freeAtUs(): number {
    return this.#around.freeAtUs;
  }

  get counts(): LineCounts {
    return this.#around.counts;
  }

  carry(bytes: Uint8Array, nowUs: number): readonly Delivery[] {
    this.#frames += 1;
    return this.#instead(bytes).flatMap((each) => this.#around.carry(each, nowUs));
  }

  /** The frames that take the place of this one. */
  #instead(bytes: Uint8Array): readonly Uint8Array[] {
    const passed = passedIn(bytes);
    if (passed === undefined) return [bytes];
    this.#options.tape.record(this.#options.direction, passed);
    const exchanged = this.#exchanged(passed);
    if (exchanged !== undefined) return exchanged;
    for (const [index, fault] of this.#pending.entries()) {
      if (fault.frame > this.#frames) break;
      const instead = this.#tampered(passed, fault);
      if (instead === undefined) continue;
      this.#pending.splice(index, 1);
      return instead;
    }
    return [bytes];
  }

  #tampered(passed: Passed, fault: TamperingFault): readonly Uint8Array[] | undefined {
    if (fault.effect.kind === 'reorder') {
      if (!isBehindProof(passed) || this.#held !== undefined) return undefined;
      this.#held = { passed, fault };
      return [];
    }
    const payload = this.#forged(passed, fault.effect);
    if (payload === undefined || !fits(payload, passed.frame.payload)) return undefined;
    this.#options.applied(fault);
    return [framed(passed, payload)];
  }

  /** The message that was held back and this one, each in the other's place. */
  #exchanged(next: Passed): readonly Uint8Array[] | undefined {
    if (this.#held === undefined) return undefined;
    const { passed, fault } = this.#held;
    if (next.mark !== passed.mark) this.#held = undefined;
    const alike = next.mark === passed.mark && next.frame.priority === passed.frame.priority;
    if (!alike || !fits(next.frame.payload, passed.frame.payload)) return undefined;
    this.#held = undefined;
    this.#options.applied(fault);
    return [framed(passed, next.frame.payload), framed(next, passed.frame.payload)];
  }

  #forged(passed: Passed, effect: Exclude<Tampering, { kind: 'reorder' }>): Uint8Array | undefined {
    const { tape, direction } = this.#options;
    const { frame, message } = passed;
    const sealed = message.kind === 'sealed';
    const hello = message.kind === 'hello' ? message : undefined;
    switch (effect.kind) {
      case 'forgeMessage':
        return sealed || hello ? changed(frame.payload, { ...effect, sealed }) : undefined;
      case 'cut':
        return sealed && isBehindProof(passed) ? cut(message, effect.bytes) : undefined;
      case 'replay':
        return sealed ? replayed(tape, passed, { ...effect, direction }) : undefined;
      case 'unseal':
        return isBehindProof(passed) ? clear(frame.payload.length) : undefined;
      case 'refuse':
        return refusal(effect.code, frame.payload.length);
      case 'impersonate':
        return hello && impersonated(hello, { as: effect.as, direction, tape });
      case 'downgrade':
        return hello && downgraded(hello, effect.without);
      default:
        return unreachable(effect);
    }
  }
}

/** Whether a payload can take the place of another one, with its sequence numbers, and is another one. */
function fits(payload: Uint8Array, other: Uint8Array): boolean {
  return unitsOf(payload.length) === unitsOf(other.length) && Buffer.compare(payload, other) !== 0;
}

function framed({ frame, mark }: Passed, payload: Uint8Array): Uint8Array {
  return encodeFrame({ ...frame, payload }, mark);
}

/** A sealed message that is not the first of its session. */
function isBehindProof({ frame, message }: Passed): boolean {
  return message.kind === 'sealed' && (message.counter > 0 || frame.priority !== control);
}

function replayed(
  tape: Tape,
  passed: Passed,
  { direction, from, messagesAgo }: Extract<Tampering, { kind: 'replay' }> & { readonly direction: Direction },
): Uint8Array | undefined {
  switch (from) {
    case 'queue':
      return isBehindProof(passed) ? tape.sealed(direction, messagesAgo, passed.frame.priority) : undefined;
    case 'same way':
      return tape.sealed(direction, messagesAgo);
    case 'other way':
      return tape.sealed(direction === 'there' ? 'back' : 'there', messagesAgo);
    default:
      return unreachable(from);
  }
}
