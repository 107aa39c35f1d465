/**
 * What a requirement is, and a check of it.
 */
import type { Bench } from './bench.js';

/** The roles that a device under test may have. */
export const conformRoles = ['disk', 'main', 'sub'] as const;
export type ConformRole = (typeof conformRoles)[number];

/** Where a requirement is written down. */
export type Source =
  /** At its number in protocol/PROTOCOL.md. */
  | 'protocol'
  /** Standards of SCSI, README.md or docs/instructions.md; its number stands in docs/conformance.md alone. */
  | 'conformance';

export interface Check {
  /** Devices that it is for; all of them unless given. */
  readonly roles?: readonly ConformRole[];
  /** It writes data, or changes the state of a pair: only with leave. */
  readonly losesData?: boolean;
  /** It has to cut the power of the device. */
  readonly cutsPower?: boolean;
  /** It is about the line between main and sub: the suite has to be the other one of the two. */
  readonly onRemote?: boolean;
  /** It is about sealed lines, or about lines in clear. */
  readonly line?: 'sealed' | 'clear';
  /** It sends so many bytes, where these are many for a slow serial line. */
  readonly bytes?: number;
  /** It sends them after the session was refused, which a device with a key bears for some seconds alone. */
  readonly isQuiet?: boolean;
  /** It measures times, which a busy machine at either end stretches: what fails is measured again, and that is told. */
  readonly isTimed?: boolean;
  /** What whoever makes the device should look at when it fails. */
  readonly remedy: string;
  /** Resolves when the device does as it should; throws Finding, NotRun, or RefusalError of the line. */
  readonly run: (bench: Bench) => Promise<void>;
}

export interface Requirement {
  /** Stable, never used again: `F-3`. */
  readonly number: string;
  /** What is required, as a sentence. */
  readonly says: string;
  readonly source: Source;
  /** Where else it stands, such as a clause of a standard. */
  readonly clause?: string;
  readonly how:
    | ({ readonly kind: 'check' } & Check)
    /** No black box shows it, and why. */
    | { readonly kind: 'unchecked'; readonly reason: string };
}

/** A requirement of the protocol with its check. */
export function checked(number: string, says: string, check: Check): Requirement {
  return { number, says, source: 'protocol', how: { kind: 'check', ...check } };
}

/** A requirement of the protocol that no black box can be held to. */
export function unchecked(number: string, says: string, reason: string): Requirement {
  return { number, says, source: 'protocol', how: { kind: 'unchecked', reason } };
}

/** A requirement that stands elsewhere: `clause` says where. */
export function promised(number: string, clause: string, says: string, check: Check): Requirement {
  return { number, says, source: 'conformance', clause, how: { kind: 'check', ...check } };
}
