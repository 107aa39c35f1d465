/** A wrong device by name: what it does, and where that has to be found. */
import type { ConformRole } from '../../hil/conform/check.js';
import type { Tampering } from './tampering.js';

export interface Wrong {
  /** What it does, as the end of "a device that …". */
  readonly name: string;
  /** A disk unless given. */
  readonly role?: ConformRole;
  readonly isSealed?: boolean;
  readonly isPaired?: boolean;
  /** It does so at the line to the other controller, in whose place the suite is; at its other line unless given. */
  readonly at?: 'remote';
  /** It changes messages and commands alone: frames and link are the model’s, and are not checked again. */
  readonly isAboveLink?: boolean;
  /** Numbers of the checks that have to fail. */
  readonly fails: readonly string[];
  /** Those that may fail, too, since they need what it does wrong: numbers, or letters for all of them. */
  readonly may?: readonly string[];
  /** Makes the one who tampers; afresh at each power on. */
  readonly tamper: () => Tampering;
}

/** The key of sealed wrong devices. */
export const wrongKey: Uint8Array = Buffer.alloc(32, 'the key of the wrong devices');

/** For what breaks most of what there is. */
export const anything: readonly string[] = ['F', 'L', 'S', 'M', 'D', 'I', 'R', 'G'];
