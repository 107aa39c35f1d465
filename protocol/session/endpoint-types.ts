/**
 * One end of a line as the layers above see it: whole messages in and out, whatever the line loses.
 */

import type { LinkOptions } from '../link/link.js';
import type { Priority } from '../message/message.js';
import type { Message } from '../message/messages.js';
import type { Refusal } from '../refusals.js';
import type { LineSeal } from './line-seal.js';

export type Role = 'host' | 'main' | 'sub' | 'disk';

export interface EndpointOptions extends LineSeal {
  readonly role: Role;
  /** Roles that may be at the other end; another one is refused (`wrong-role`). */
  readonly peers: readonly Role[];
  /** 32 random bytes, fresh at every power on. Salts of sessions derive from it and a counter. */
  readonly entropy: Uint8Array;
  /** The largest window of compressed runs that this side takes, as a logarithm, 9 … 15; none unless given. */
  readonly windowBits?: number;
  /** This side looks for content that it is told the digest of; not unless given. */
  readonly heldRuns?: boolean;
  /** How many sealed messages of a queue have one key, the same at both sides; for tests, which cannot send as many. */
  readonly rekeyMessages?: number;
  /** What the link below takes and how it waits, where the defaults do not fit. */
  readonly link?: Omit<LinkOptions, 'entropy'>;
}

export type EndpointEvent =
  /** A session opened: hello (and proof) passed in both directions. Nothing of an earlier session will arrive any more. */
  | { readonly kind: 'opened'; readonly peer: Role }
  /** The session has ended: line lost and not resumed, or the peer started anew. What was sent and not answered may be lost. */
  | { readonly kind: 'closed'; readonly reason: Refusal }
  | { readonly kind: 'message'; readonly message: Message }
  /**
   * Something arrived that was refused. The session goes on, except for version, key, role and cipher, and for what is
   * damaged or has been tampered with; then `closed` follows, if it was open.
   */
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/**
 * A pure machine; `Endpoint` in endpoint.ts implements it. The caller asks `transmit` whenever the line can take a
 * frame, and calls `tick` at `deadline()`.
 */
export interface EndpointMachine {
  readonly open: boolean;
  lineUp(nowUs: number): void;
  lineDown(nowUs: number): void;
  /** Takes the bytes between two delimiters. */
  receiveFrame(frame: Uint8Array, nowUs: number): EndpointEvent[];
  tick(nowUs: number): EndpointEvent[];
  /** Queues a message; dropped silently when no session is open (the `closed` event told). The bytes of `message` are copied or must not change. */
  send(message: Message, nowUs: number, priority?: Priority): void;
  /** Bytes of messages queued and not yet acknowledged by the other end's link, for pacing. */
  readonly queuedBytes: number;
  transmit(nowUs: number): Uint8Array | undefined;
  deadline(): number | undefined;
}
