/**
 * The one table of what a controller does with an instruction in each of its states. The controllers ask it, the
 * documents print it, and a test holds it against expectations written by hand.
 */
import type { RefusalCode } from '../../protocol/refusals.js';

/** What a host asks for, told apart as far as the answer depends on it. */
export const instructions = {
  freeze: 'with a token that is none of the newest 16 freezes’',
  'freeze again': 'with the token of one of the newest 16 freezes, or of the one being taken up',
  wait: 'for a generation that was frozen; at the sub for any',
  'wait for unknown': 'for generation 0, or at main for one that was never frozen',
  status: '',
  digests: 'of what is current: generation 0, or at the sub the committed one',
  'digests of another generation': 'at main any number but 0',
  suspend: '',
  resync: '',
  takeover: '',
  'takeover --force': '',
  failback: '',
  'failback --discard': '',
  read: 'READ, VERIFY, GET LBA STATUS and SYNCHRONIZE CACHE',
  write: 'WRITE, WRITE SAME, UNMAP and COMPARE AND WRITE',
} as const;

export type Instruction = keyof typeof instructions;

/**
 * `accepted`: carried out. `no effect`: answered as done, nothing changes. `why it halted`: refused with the reason
 * that the controller halted for. Otherwise refused with this reason, and nothing changes.
 */
export type InstructionOutcome = 'accepted' | 'no effect' | 'why it halted' | RefusalCode;

/** States of main, as far as instructions are concerned: the first that fits. */
export const mainPhases = {
  recovering: 'reading the durable records after power on',
  halted: 'what lies on the disks does not let it work',
  'failing back': 'from the commit of the sub’s image here until all of it is in the primary area',
  'taken over': 'PSUE, reason taken-over: the sub has a higher epoch; what is read is older than what hosts read there',
  suspended: 'PSUS: suspended by an instruction',
  failed: 'PSUE: suspended by an error',
  transfer: 'COPY or PAIR, from freeze(g) until main knows that g is committed, or has failed',
  idle: 'SMPL, COPY or PAIR, no generation on its way',
} as const;
export type MainPhase = keyof typeof mainPhases;

/** States of the sub: the first that fits. */
export const subPhases = {
  recovering: 'reading the durable records after power on',
  halted: 'what lies on the disks does not let it work',
  'failing back': 'from the failback instruction until main has the image, or has refused',
  'taken over': 'SSWS: the secondary area is readable and writable for a host',
  'taken over, main away': 'the same, without a session with main',
  'no image': 'SMPL or COPY: nothing has been committed yet',
  suspended: 'SSUS or PSUE',
  paired: 'PAIR, a session with main is open, and main gives a sign of life when a takeover asks for one',
  'main away': 'PAIR, no session with main, or no sign of life within three seconds',
} as const;
export type SubPhase = keyof typeof subPhases;

export type InstructionTable<Phase extends string> = Readonly<
  Record<Instruction, Readonly<Record<Phase, InstructionOutcome>>>
>;

const ok = 'accepted';
const none = 'no effect';
const halt = 'why it halted';
const other = 'wrong-controller';
const back = 'failback-in-progress';
const wait = 'recovering';
const never = 'generation-unknown';
const wrong = 'wrong-generation';

type Outcomes<Phases> = { readonly [Index in keyof Phases]: InstructionOutcome };

/** Makes rows: outcomes in the order of these phases, behind what is said in `recovering` and `halted`. */
const rowsOf =
  <const Phases extends readonly string[]>(phases: Phases) =>
  (outcomes: Outcomes<Phases>, recovering: InstructionOutcome = wait) => {
    const named = Object.fromEntries(phases.map((phase, index) => [phase, outcomes[index]]));
    return { recovering, halted: halt, ...named } as Readonly<
      Record<Phases[number] | 'recovering' | 'halted', InstructionOutcome>
    >;
  };

const mainOrder = ['idle', 'transfer', 'suspended', 'failed', 'taken over', 'failing back'] as const;
const main = rowsOf(mainOrder);
const mainElsewhere = main([other, other, other, other, other, other]);

export const mainTable: InstructionTable<MainPhase> = {
  //                idle  transfer                suspended         failed            taken over    failing back
  freeze: main([ok, 'transfer-in-progress', 'pair-suspended', 'pair-suspended', 'taken-over', back]),
  'freeze again': main([none, none, none, none, none, none]),
  wait: main([ok, ok, ok, ok, ok, ok]),
  'wait for unknown': main([never, never, never, never, never, never]),
  status: main([ok, ok, ok, ok, ok, ok], ok),
  digests: main([ok, ok, ok, ok, ok, back]),
  'digests of another generation': main([wrong, wrong, wrong, wrong, wrong, back]),
  suspend: main([ok, ok, none, none, 'taken-over', back]),
  resync: main(['pair-not-suspended', 'pair-not-suspended', ok, ok, 'taken-over', back]),
  takeover: mainElsewhere,
  'takeover --force': mainElsewhere,
  failback: mainElsewhere,
  'failback --discard': mainElsewhere,
  read: main([ok, ok, ok, ok, ok, back]),
  write: main([ok, ok, ok, ok, 'taken-over', back]),
};

const subOrder = [
  'no image',
  'paired',
  'main away',
  'suspended',
  'taken over',
  'taken over, main away',
  'failing back',
] as const;
const sub = rowsOf(subOrder);
const subElsewhere = sub([other, other, other, other, other, other, other]);
const not = 'not-taken-over';
const subFailback = sub([not, not, not, not, ok, 'sub-unreachable', back]);

export const subTable: InstructionTable<SubPhase> = {
  //                no image     paired          main away  suspended  taken over  …, main away  failing back
  freeze: subElsewhere,
  'freeze again': subElsewhere,
  wait: sub([ok, ok, ok, ok, ok, ok, ok]),
  'wait for unknown': sub([never, never, never, never, never, never, never]),
  status: sub([ok, ok, ok, ok, ok, ok, ok], ok),
  digests: sub(['not-ready', ok, ok, ok, ok, ok, ok]),
  'digests of another generation': sub(['not-ready', wrong, wrong, wrong, wrong, wrong, wrong]),
  suspend: subElsewhere,
  resync: subElsewhere,
  takeover: sub(['not-ready', 'pair-healthy', ok, ok, none, none, back]),
  'takeover --force': sub(['not-ready', ok, ok, ok, none, none, back]),
  failback: subFailback,
  'failback --discard': subFailback,
  read: sub(['not-ready', ok, ok, ok, ok, ok, ok]),
  write: sub(['not-ready', not, not, not, ok, ok, back]),
};
