/**
 * What happens when both sites are back: decided from nothing but what both durably know, by the first row that fits.
 * Main asks this table whenever a session with the sub opens; the documents print it; a test cuts the power in every
 * phase below and holds what happens against it.
 */
import { assert } from '../../protocol/ids.js';
import type { RefusalCode } from '../../protocol/refusals.js';

/** What main's records and the sub's pairing say, put side by side. */
export interface PairingFacts {
  readonly pair: 'none' | 'other' | 'same';
  readonly shape: 'other block size' | 'other volumes' | 'same';
  /** The sub's epoch, seen from main's. */
  readonly epoch: 'older' | 'same' | 'newer';
  readonly sub: 'follows' | 'taken over';
  readonly main: 'main side' | 'taken over' | 'failing back';
  /** The image that the sub has committed. */
  readonly image: 'failed back' | 'never frozen' | 'on its way' | 'given up' | 'common' | 'older or other';
}

export const factMeanings: Readonly<Record<keyof PairingFacts, string>> = {
  pair: 'the pair id at the sub: none yet, another one, the same',
  shape: 'block size and volumes of the sub',
  epoch: 'the sub’s epoch, compared with main’s',
  sub: 'whether the sub takes host writes',
  main: 'whether main takes them, knows of a takeover, or is receiving a failback',
  image:
    'the sub’s committed generation: what main has received by failback; one that main never froze; the one on its way; ' +
    'one that main gave up; main’s newest committed one with the same digest; anything else',
};

export type RecoveryVerdict =
  | 'unpaired'
  | 'refused'
  | 'takenOver'
  | 'givenBack'
  | 'olderSub'
  | 'committed'
  | 'adopted'
  | 'same';

export interface RecoveryRow {
  readonly when: Partial<PairingFacts>;
  readonly verdict: RecoveryVerdict;
  /** With `refused`. */
  readonly code?: RefusalCode;
  /** What main and sub do then. */
  readonly action: string;
}

export const recoveryTable: readonly RecoveryRow[] = [
  { when: { pair: 'other' }, verdict: 'refused', code: 'foreign-pair', action: 'PSUE, nothing is sent' },
  {
    when: { shape: 'other block size' },
    verdict: 'refused',
    code: 'block-size-mismatch',
    action: 'PSUE, nothing is sent',
  },
  { when: { shape: 'other volumes' }, verdict: 'refused', code: 'volume-mismatch', action: 'PSUE, nothing is sent' },
  { when: { pair: 'none' }, verdict: 'unpaired', action: 'the sub joins the pair and says so' },
  {
    when: { epoch: 'newer' },
    verdict: 'takenOver',
    action:
      'main notes the takeover and refuses host writes; of what is on its way it notes the commit if the sub has committed it, else it fails',
  },
  {
    when: { sub: 'taken over', epoch: 'same', main: 'taken over' },
    verdict: 'takenOver',
    action: 'main goes on refusing host writes',
  },
  {
    when: { sub: 'taken over', epoch: 'same', main: 'failing back' },
    verdict: 'takenOver',
    action: 'main goes on refusing host writes; the sub asks again and the failback goes on',
  },
  {
    when: { sub: 'taken over' },
    verdict: 'refused',
    code: 'older-sub',
    action: 'PSUE, nothing is sent: main has been given back since that takeover',
  },
  {
    when: { main: 'failing back', image: 'failed back' },
    verdict: 'givenBack',
    action: 'main becomes the main side again',
  },
  { when: { epoch: 'older' }, verdict: 'olderSub', action: 'the sub takes main’s epoch; a full copy follows' },
  {
    when: { image: 'never frozen' },
    verdict: 'refused',
    code: 'older-main',
    action: 'PSUE, nothing is sent: main runs on old records',
  },
  { when: { image: 'on its way' }, verdict: 'committed', action: 'main notes the commit' },
  {
    when: { image: 'given up' },
    verdict: 'adopted',
    action:
      'main notes the commit; the difference that it had merged back is sent once more, or the whole image to a sub that cannot structure that one',
  },
  { when: { image: 'common' }, verdict: 'same', action: 'what is on its way goes on from what the sub holds' },
  { when: {}, verdict: 'olderSub', action: 'a difference on its way fails; a full copy follows' },
];

/** The first row that fits. */
export function recoveryRow(facts: PairingFacts): RecoveryRow {
  const names = Object.keys(facts) as (keyof PairingFacts)[];
  const row = recoveryTable.find(({ when }) => names.every((name) => (when[name] ?? facts[name]) === facts[name]));
  // Stryker disable next-line ConditionalExpression: the last row fits always
  assert(row !== undefined, 'the last row fits always');
  return row;
}

/** Who lost power. */
export type PowerCut = 'main' | 'sub' | 'both';
export const powerCuts: readonly PowerCut[] = ['main', 'sub', 'both'];

/** What goes on after the verdict, until the phase has come to its end. */
export const continuations = {
  'freeze again': 'nothing was frozen: the host repeats the freeze',
  'send the rest': 'main asks for the holdings and sends what they lack',
  'complete again': 'main finds everything held and sends complete once more',
  structure: 'the sub goes on structuring from staging',
  drain: 'main goes on bringing deferred writes home, and sends the rest',
  nothing: 'nothing is left to do',
  'wait for resync': 'the pair stays PSUE, the sub shows the image before, until resync',
  'take over again': 'nothing was recorded: the host repeats the takeover',
  'stay taken over': 'the sub takes host writes, main refuses them',
  'fail back again': 'the sub asks main again and sends what main has not committed',
  'give back': 'main has committed: it structures, the sub gives the right to write back',
  regain: 'main becomes the main side again',
} as const;
export type Continuation = keyof typeof continuations;

export interface PowerCutPhase {
  readonly phase: string;
  /** What the durable records of main and of the sub say then. */
  readonly main: string;
  readonly sub: string;
  readonly next: Readonly<Record<PowerCut, readonly [verdict: RecoveryVerdict, continuation: Continuation]>>;
}

const alike = (verdict: RecoveryVerdict, continuation: Continuation): PowerCutPhase['next'] => ({
  main: [verdict, continuation],
  sub: [verdict, continuation],
  both: [verdict, continuation],
});

/** Generation g follows the committed generation b; failbacks make generation f. */
export const powerCutTable: readonly PowerCutPhase[] = [
  {
    phase: 'before the freeze is recorded',
    main: 'b committed',
    sub: 'b committed',
    next: { main: ['same', 'freeze again'], sub: ['same', 'send the rest'], both: ['same', 'freeze again'] },
  },
  {
    phase: 'frozen, nothing sent',
    main: 'frozen g, nothing sent',
    sub: 'b committed',
    next: alike('same', 'send the rest'),
  },
  {
    phase: 'partly sent',
    main: 'frozen g, some sent',
    sub: 'g begun, some staged',
    next: alike('same', 'send the rest'),
  },
  {
    phase: 'all staged, main not told',
    main: 'frozen g, some sent',
    sub: 'g begun, all staged',
    next: alike('same', 'complete again'),
  },
  {
    phase: 'complete on its way',
    main: 'frozen g, all sent',
    sub: 'g begun, all staged',
    next: { main: ['committed', 'structure'], sub: ['same', 'complete again'], both: ['same', 'complete again'] },
  },
  {
    phase: 'committed, main not told',
    main: 'frozen g, all sent',
    sub: 'g committed',
    next: alike('committed', 'structure'),
  },
  {
    phase: 'structuring half done',
    main: 'g committed',
    sub: 'g committed, some placed',
    next: alike('same', 'structure'),
  },
  { phase: 'structured', main: 'g structured', sub: 'g structured', next: alike('same', 'nothing') },
  {
    phase: 'deferred writes half drained',
    main: 'frozen g, some sent, some deferred',
    sub: 'g begun, some staged',
    next: alike('same', 'drain'),
  },
  {
    phase: 'generation failed',
    main: 'g failed, PSUE',
    sub: 'b committed, PSUE',
    next: alike('same', 'wait for resync'),
  },
  {
    phase: 'before the takeover is recorded',
    main: 'b committed',
    sub: 'b committed',
    next: {
      main: ['takenOver', 'stay taken over'],
      sub: ['same', 'take over again'],
      both: ['same', 'take over again'],
    },
  },
  {
    phase: 'taken over, main not told',
    main: 'b committed',
    sub: 'taken over',
    next: alike('takenOver', 'stay taken over'),
  },
  {
    phase: 'taken over',
    main: 'taken over',
    sub: 'taken over',
    next: alike('takenOver', 'stay taken over'),
  },
  {
    phase: 'failback begun',
    main: 'failback allowed, some staged',
    sub: 'failback f begun',
    next: alike('takenOver', 'fail back again'),
  },
  {
    phase: 'failback committed at main',
    main: 'failback allowed, f committed',
    sub: 'failback f begun',
    next: alike('takenOver', 'give back'),
  },
  {
    phase: 'given back, main not told',
    main: 'failback allowed, f structured',
    sub: 'gave back f',
    next: alike('givenBack', 'regain'),
  },
];
