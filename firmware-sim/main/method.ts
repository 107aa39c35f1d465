/**
 * How the three methods differ, in one place: what is frozen, who keeps the frozen content, when blocks are sent.
 */
import type { Method } from '../../protocol/ids.js';

export interface MethodTraits {
  /** Every generation carries all of the volume, not the difference. */
  readonly sendsWholeImage: boolean;
  /** Frozen content goes to the shadow area, copied before a write would overwrite it, and is sent from there. */
  readonly keepsFrozenContent: boolean;
  /** A write to a block that is not sent yet goes to the shadow area instead, until the block is sent. */
  readonly defersWrites: boolean;
  /** Changed blocks flow to the sub before there is a freeze. */
  readonly sendsBeforeFreeze: boolean;
}

export const methodTraits: Readonly<Record<Method, MethodTraits>> = {
  copy: { sendsWholeImage: true, keepsFrozenContent: true, defersWrites: false, sendsBeforeFreeze: false },
  differential: { sendsWholeImage: false, keepsFrozenContent: false, defersWrites: true, sendsBeforeFreeze: false },
  streaming: { sendsWholeImage: false, keepsFrozenContent: true, defersWrites: false, sendsBeforeFreeze: true },
};
