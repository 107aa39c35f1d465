/**
 * The one table of what a controller does with an instruction in each of its states. The documents print it, the
 * controllers ask it, and a test holds it against expectations written by hand.
 */
import type { RefusalCode } from '../../protocol/refusals.js';

export type Instruction =
  | 'freeze'
  | 'wait'
  | 'status'
  | 'digests'
  | 'suspend'
  | 'resync'
  | 'takeover'
  | 'takeover --force'
  | 'failback'
  | 'failback --discard'
  | 'read'
  | 'write';

/** `accepted`: carried out. `no effect`: answered as done, nothing changes. Otherwise refused for this reason. */
export type InstructionOutcome = 'accepted' | 'no effect' | RefusalCode;

export const instructions: readonly Instruction[] = [
  'freeze',
  'wait',
  'status',
  'digests',
  'suspend',
  'resync',
  'takeover',
  'takeover --force',
  'failback',
  'failback --discard',
  'read',
  'write',
];

/** States of main, as far as instructions are concerned. */
export type MainPhase = 'recovering' | 'idle' | 'transfer' | 'suspended' | 'failed' | 'taken over' | 'failing back';

/** States of the sub. */
export type SubPhase =
  | 'recovering'
  | 'no image'
  | 'paired'
  | 'main unreachable'
  | 'suspended'
  | 'taken over'
  | 'failing back';

/** What a phase means, for the documents. */
export const mainPhases: Readonly<Record<MainPhase, string>> = {
  recovering: 'reading the durable records after power on',
  idle: 'SMPL, COPY or PAIR, no generation on its way',
  transfer: 'COPY or PAIR, from freeze(g) until main knows that g is committed, or has failed',
  suspended: 'PSUS: suspended by an instruction',
  failed: 'PSUE: suspended by an error',
  'taken over': 'PSUE, reason taken-over: the sub has a higher epoch',
  'failing back': 'the image of the sub is arriving',
};

export const subPhases: Readonly<Record<SubPhase, string>> = {
  recovering: 'reading the durable records after power on',
  'no image': 'SMPL or COPY: nothing has been committed yet',
  paired: 'PAIR, a session with main is open',
  'main unreachable': 'PAIR, no session with main',
  suspended: 'SSUS or PSUE',
  'taken over': 'SSWS: the secondary area is readable and writable for a host',
  'failing back': 'the difference is on its way back to main',
};

type Row<Phase extends string> = Readonly<Record<Instruction, Readonly<Record<Phase, InstructionOutcome>>>>;

const mainPhaseOrder: readonly MainPhase[] = [
  'recovering',
  'idle',
  'transfer',
  'suspended',
  'failed',
  'taken over',
  'failing back',
];
const subPhaseOrder: readonly SubPhase[] = [
  'recovering',
  'no image',
  'paired',
  'main unreachable',
  'suspended',
  'taken over',
  'failing back',
];

function row<Phase extends string>(order: readonly Phase[], ...outcomes: readonly InstructionOutcome[]) {
  return Object.fromEntries(order.map((phase, index) => [phase, outcomes[index] ?? 'accepted'])) as Readonly<
    Record<Phase, InstructionOutcome>
  >;
}

const main = (...outcomes: readonly InstructionOutcome[]) => row(mainPhaseOrder, ...outcomes);
const sub = (...outcomes: readonly InstructionOutcome[]) => row(subPhaseOrder, ...outcomes);
const ok = 'accepted';
const none = 'no effect';
const other = 'wrong-controller';
const back = 'failback-in-progress';

// Columns:                  recovering    idle                  transfer                suspended         failed            taken over    failing back
export const mainTable: Row<MainPhase> = {
  freeze: main('recovering', ok, 'transfer-in-progress', 'pair-suspended', 'pair-suspended', 'taken-over', back),
  wait: main('recovering', ok, ok, ok, ok, ok, ok),
  status: main(ok, ok, ok, ok, ok, ok, ok),
  digests: main('recovering', ok, ok, ok, ok, ok, back),
  suspend: main('recovering', ok, ok, none, none, 'taken-over', back),
  resync: main('recovering', 'pair-not-suspended', 'pair-not-suspended', ok, ok, 'taken-over', back),
  takeover: main('recovering', other, other, other, other, other, other),
  'takeover --force': main('recovering', other, other, other, other, other, other),
  failback: main('recovering', other, other, other, other, other, other),
  'failback --discard': main('recovering', other, other, other, other, other, other),
  read: main('recovering', ok, ok, ok, ok, ok, back),
  write: main('recovering', ok, ok, ok, ok, 'taken-over', back),
};

// Columns:                 recovering    no image     paired          main unreachable  suspended  taken over   failing back
export const subTable: Row<SubPhase> = {
  freeze: sub('recovering', other, other, other, other, other, other),
  wait: sub('recovering', ok, ok, ok, ok, ok, ok),
  status: sub(ok, ok, ok, ok, ok, ok, ok),
  digests: sub('recovering', 'not-ready', ok, ok, ok, ok, ok),
  suspend: sub('recovering', other, other, other, other, other, other),
  resync: sub('recovering', other, other, other, other, other, other),
  takeover: sub('recovering', 'not-ready', 'pair-healthy', ok, ok, none, back),
  'takeover --force': sub('recovering', 'not-ready', ok, ok, ok, none, back),
  failback: sub('recovering', 'not-taken-over', 'not-taken-over', 'not-taken-over', 'not-taken-over', ok, back),
  'failback --discard': sub(
    'recovering',
    'not-taken-over',
    'not-taken-over',
    'not-taken-over',
    'not-taken-over',
    ok,
    back,
  ),
  read: sub('recovering', 'not-ready', ok, ok, ok, ok, ok),
  write: sub('recovering', 'not-ready', 'pair-healthy', 'pair-healthy', 'pair-healthy', ok, back),
};
