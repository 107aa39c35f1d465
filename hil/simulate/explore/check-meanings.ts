/** The checks of all subjects, by the name under which a violation is told, with what each holds to be so. */
import type { CheckName } from '../violation.js';

/** Checks of a pair of controllers; `pure` is one of the link as well. */
export const pairChecks: Readonly<Record<CheckName, string>> = {
  newest: 'a read at main gives the newest acknowledged write',
  frozen: 'what is frozen and not sent is still there',
  difference: 'no changed block is missing in the difference maps',
  shown: 'the sub shows exactly one whole image',
  sent: 'what counts as sent at main is in the staging of the sub',
  staged: 'what is staged for a frozen generation is of its image',
  older: 'never an older image than before, never a generation twice',
  early: 'nothing reaches the secondary area before the commit',
  drain: 'a deferred write reaches the primary area exactly once',
  read: 'what a host is given is right',
  blamed: 'no disk is blamed that was only busy, slow or off for a moment, and no content is lost that nothing changed',
  failed: 'no generation fails that is known to be committed, or for a reason that nothing gives',
  answer: 'what a host is told of freezes, waits and digests is so',
  'crash newest': 'newest, after a power cut here, come back alone',
  'crash frozen': 'frozen, after a power cut here',
  'crash difference': 'difference, after a power cut here',
  'crash shown': 'shown, after a power cut here',
  'crash older': 'older, after a power cut here',
  'crash halted': 'a controller whose disks did not lie comes back from a power cut',
  halted: 'a controller whose disks did not lie works on',
  alive: 'once all is healed, the newest generation is structured in time',
  final: 'then the raw areas are the image and the newest data, and no slot is lost',
  bounded: 'no endless loop',
  broken: 'no invariant of the firmware’s own is broken',
  pure: 'no step reaches for a clock, a timer, randomness or a promise',
};

/** Checks of the link alone. */
export const linkChecks = {
  changed: 'what arrives is what was sent, in the session and queue in which it was sent',
  order: 'each queue delivers in order, each message once',
  loss: 'no message is missed while later ones arrive, or when nothing is queued any more',
  damage: 'nothing is given on behind a damaged message of its session',
  delivery: 'once nothing is done to the line, everything arrives in time',
  live: 'no end gives up a session that the other end is in, unless somebody forged something',
  opening: 'no session opens inside another',
  refusal: 'noise on the line costs no message: only what was forged is refused',
  allowed: 'nobody sends past the window, or what is not well formed',
  memory: 'what an end holds is bounded',
  traffic: 'bytes on the line are bounded by what was to be sent and what went wrong',
  livelock: 'time goes on',
  salt: 'no salt serves two sessions',
  nonce: 'no counter serves two messages under one key',
  downgrade: 'nobody talks the ends out of the better cipher',
  throw: 'neither noise nor a peer brings an end down',
} as const satisfies Readonly<Record<string, string>>;

export type LinkCheckName = keyof typeof linkChecks;
export type AnyCheckName = CheckName | LinkCheckName;

export const allCheckNames = [...Object.keys(pairChecks), ...Object.keys(linkChecks)] as readonly AnyCheckName[];

/** Whether a check is on. */
export function isOn(check: string, { withoutChecks }: { readonly withoutChecks: readonly string[] }): boolean {
  return !withoutChecks.includes(check);
}
