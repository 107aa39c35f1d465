/** What a run is held to, and what is thrown at the first thing that is wrong. */

/** The checks, by the name under which a violation is told. */
export const checkNames = [
  'newest', // a read at main gives the newest acknowledged write
  'frozen', // what is frozen and not sent is still there
  'difference', // no changed block is missing in the maps
  'shown', // the sub shows exactly one whole image
  'sent', // what counts as sent is in staging
  'staged', // what is staged for a frozen generation is of its image
  'older', // never an older image than before, never a generation again
  'early', // nothing reaches the secondary area before the commit
  'drain', // a deferred write reaches the primary area exactly once
  'read', // what a host is given is right
  'blamed', // no disk is blamed that was only busy, slow or without power for a moment, and no content lost that nothing changed
  'failed', // no generation fails that is known to be committed, or for a reason that nothing gives
  'answer', // what a host is told of freezes, waits and digests is so
  'crash newest', // the same after a power cut here, recovered alone
  'crash frozen',
  'crash difference',
  'crash shown',
  'crash older',
  'crash halted', // a controller that was not lied to comes back
  'halted', // a controller that was not lied to works on
  'alive', // once healed, the newest generation is structured
  'final', // then the raw areas are the image and the newest data, and no slot is lost
  'bounded', // no endless loops, no growing queues
  'broken', // an invariant of the firmware's own
  'pure', // a step machine reached for a clock, randomness or a promise
] as const;
export type CheckName = (typeof checkNames)[number];

export class Violation extends Error {
  readonly check: CheckName;
  constructor(check: CheckName, detail: string) {
    super(`${check}: ${detail}`);
    this.name = 'Violation';
    this.check = check;
  }
}
