/**
 * What main and sub say to each other: PROTOCOL.md, "Replication". The suite is the other one of the two, at the line
 * between them, and the host of the device.
 */
import type { Bench } from '../bench.js';
import { type Check, type ConformRole, checked, type Requirement } from '../check.js';
import { committedBeforeTakeover, failedBackToMain } from './failback.js';
import * as main from './replication-main.js';
import * as sub from './replication-sub.js';
import * as forms from './run-forms.js';
import * as image from './sub-image.js';
import { failedBackBySub, givingBackDurable, takenOverWhole } from './takeover.js';

const conversation = 'PROTOCOL.md, "Replication", has the conversation, and what is durable before what in it.';
const durable =
  'Say it only when it is where a power cut leaves it: the table at the end of "Replication" has the order.';

type Run = (bench: Bench) => Promise<void>;

/** A requirement of a side of the conversation, or of both. */
function conversing(
  number: string,
  says: string,
  runs: { readonly main?: Run; readonly sub?: Run },
  more: Partial<Check> = {},
): Requirement {
  const roles = (['main', 'sub'] as const).filter((role) => runs[role] !== undefined);
  const run = async (bench: Bench) => {
    await runs[bench.role as Exclude<ConformRole, 'disk'>]?.(bench);
  };
  return checked(number, says, { roles, onRemote: true, losesData: true, remedy: conversation, run, ...more });
}

const power = { cutsPower: true, remedy: durable } as const;

export const replicationRequirements: readonly Requirement[] = [
  conversing(
    'R-1',
    'Main sends pairing when a session opens, after a resync and before a failback; the sub answers with its own.',
    { main: main.pairingSent, sub: sub.pairingAnswered },
  ),
  conversing('R-2', 'Generations and epochs past 2^31 − 1 are refused.', {
    main: main.epochRefused,
    sub: sub.numbersRefused,
  }),
  conversing('R-3', 'Begin names the base; a sub whose committed generation is another answers abandon.', {
    main: main.differenceCarried,
    sub: sub.otherBaseAbandoned,
  }),
  conversing('R-4', 'Runs are numbered from power on; stored names them in any order.', {
    main: main.storedInAnyOrder,
    sub: sub.runsByName,
  }),
  conversing('R-5', 'A run that fails its digests is answered by runRefused and sent again.', {
    main: main.refusedSentAgain,
    sub: sub.wrongDigestRefused,
  }),
  conversing('R-6', 'With a window w the sender has at most w bytes of blocks unanswered.', { main: main.windowHeld }),
  conversing('R-7', 'Runs of a generation that staging is not for are dropped.', { sub: sub.otherRunsDropped }),
  conversing('R-8', 'Holdings name what staging holds durably; what differs is sent again or the generation fails.', {
    main: main.lackingSentAgain,
    sub: sub.holdingsNamed,
  }),
  conversing('R-9', 'Complete is answered by committed when counts and digest agree, else by completeRefused.', {
    main: main.completeMended,
    sub: sub.completeHeld,
  }),
  conversing('R-10', 'After abandon staging is dropped, and the number of the generation is not used again.', {
    main: main.numberNotUsedAgain,
    sub: sub.abandonedDropped,
  }),
  conversing('R-11', 'A failback is the same conversation with the roles exchanged.', {
    main: failedBackToMain,
    sub: failedBackBySub,
  }),
  conversing(
    'R-12',
    'Before GOOD of a write its data is durable, and before the data the record that the block changes.',
    { main: main.changeDurable },
    power,
  ),
  conversing(
    'R-13',
    'Before stored the blocks are durable in staging, then the record of where they are.',
    { sub: sub.storedDurable },
    power,
  ),
  conversing(
    'R-14',
    'Before a block counts as sent its digest is recorded at main.',
    { main: main.sentDurable },
    power,
  ),
  conversing(
    'R-15',
    'Before a frozen block is overwritten it counts as sent, or its kept copy and record are durable.',
    { main: main.frozenKept },
    power,
  ),
  conversing('R-16', 'Before committed the record of the commit is durable.', { sub: sub.commitDurable }, power),
  conversing(
    'R-17',
    'Before a staging slot is freed its block is in the secondary area, then the record of that.',
    { sub: sub.structuringDurable },
    power,
  ),
  conversing('R-18', 'Compressed runs have no larger window than their receiver has announced.', {
    main: forms.windowKept,
  }),
  conversing('R-19', 'The data of a compressed run is one zlib stream of its blocks and nothing else.', {
    main: (bench) => forms.compressedRight(bench, 'R-19'),
  }),
  conversing('R-20', 'The digest of a compressed run is that of its content.', {
    main: (bench) => forms.compressedRight(bench, 'R-20'),
    sub: forms.compressedTaken,
  }),
  conversing(
    'R-21',
    'A compressed run that is too long, is not just its blocks or has another digest is refused, and no byte past it written.',
    { sub: forms.wrongStreamsRefused },
  ),
  conversing('R-22', 'A compressed run that was refused is sent again as it is.', { main: forms.compressedSentAgain }),
  conversing('R-23', 'Held runs are sent only to a receiver that has announced that it takes them.', {
    main: forms.heldOnlyAnnounced,
  }),
  conversing(
    'R-24',
    'A held run counts as stored only when content with its digest is durable in staging; else it is refused.',
    { sub: forms.heldTaken },
  ),
  conversing('R-25', 'A held run that was refused is sent again with its contents.', { main: forms.heldSentAgain }),
  conversing(
    'R-26',
    'A run waits for room in staging as long as some may come, and needs it only for what is not held.',
    { sub: sub.roomAwaited },
  ),
  conversing(
    'R-27',
    'A sub that cannot structure its image names 16 bytes of ff as its digest, and is sent a whole image.',
    { main: main.wholeForSpoilt },
  ),
  conversing('R-28', 'A block that is stored and not yet recorded as sent is not picked again.', {
    main: main.sentOnce,
  }),
  conversing('R-29', 'A host of the sub reads the committed image, whole, until the next commit, then the next.', {
    sub: image.oneWholeImage,
  }),
  conversing('R-30', 'Blocks that a full image does not send are zero.', { sub: image.unsentZero }),
  conversing('R-31', 'Structured comes after committed, when all blocks are in their place, zeros too.', {
    sub: image.structuredLast,
  }),
  conversing('R-32', 'A begin of another epoch, or of a generation below the committed one, is not taken.', {
    sub: image.otherNumbersNotTaken,
  }),
  conversing('R-33', 'A sub that has a pair keeps it, and takes nothing from a main of another.', {
    sub: image.foreignNotTaken,
  }),
  conversing(
    'R-34',
    'Before failbackDone it is durable that the right to write is given back.',
    { sub: givingBackDurable },
    power,
  ),
  conversing('R-35', 'A takeover drops what is not committed: hosts go on from the committed image.', {
    sub: takenOverWhole,
  }),
  conversing(
    'R-36',
    'No run has more bytes than its receiver takes at once, and none of zeros more than 4096 blocks.',
    {
      main: main.runsFit,
    },
  ),
  conversing('R-37', 'An image has what its blocks held at the freeze, whatever hosts write until it is sent.', {
    main: main.frozenSent,
  }),
  conversing(
    'R-38',
    'What a sub says it has committed has not failed, though it says at once that it has taken over.',
    {
      main: committedBeforeTakeover,
    },
  ),
];
