/** What main and sub say to each other: PROTOCOL.md, "Replication". The suite is at neither end of that line. */
import { type Requirement, unchecked } from '../check.js';

const elsewhere =
  'It crosses the line between main and sub, where the suite is at neither end: put the device on a bench with the model of the other one (coldframe run --bench).';
const inside =
  'What was durable first shows only when the power is cut at the right moment: coldframe run --bench with power hooks.';

export const replicationRequirements: readonly Requirement[] = [
  unchecked(
    'R-1',
    'Main sends pairing when a session opens, after a resync and before a failback; the sub answers with its own.',
    elsewhere,
  ),
  unchecked('R-2', 'Generations and epochs past 2^31 − 1 are refused.', elsewhere),
  unchecked('R-3', 'Begin names the base; a sub whose committed generation is another answers abandon.', elsewhere),
  unchecked('R-4', 'Runs are numbered from power on; stored names them in any order.', elsewhere),
  unchecked('R-5', 'A run that fails its digests is answered by runRefused and sent again.', elsewhere),
  unchecked('R-6', 'With a window w the sender has at most w bytes of blocks unanswered.', elsewhere),
  unchecked('R-7', 'Runs of a generation that staging is not for are dropped.', elsewhere),
  unchecked(
    'R-8',
    'Holdings name what staging holds durably; what differs is sent again or the generation fails.',
    elsewhere,
  ),
  unchecked(
    'R-9',
    'Complete is answered by committed when counts and digest agree, else by completeRefused.',
    elsewhere,
  ),
  unchecked('R-10', 'After abandon staging is dropped, and the number of the generation is not used again.', elsewhere),
  unchecked('R-11', 'A failback is the same conversation with the roles exchanged.', elsewhere),
  unchecked(
    'R-12',
    'Before GOOD of a write its data is durable, and before the data the record that the block changes.',
    'D-9 checks what a host sees of it; the order of the two shows in power cuts at the right moment alone.',
  ),
  unchecked('R-13', 'Before stored the blocks are durable in staging, then the record of where they are.', inside),
  unchecked('R-14', 'Before a block counts as sent its digest is recorded at main.', inside),
  unchecked(
    'R-15',
    'Before a frozen block is overwritten it counts as sent, or its kept copy and record are durable.',
    inside,
  ),
  unchecked('R-16', 'Before committed the record of the commit is durable.', inside),
  unchecked(
    'R-17',
    'Before a staging slot is freed its block is in the secondary area, then the record of that.',
    inside,
  ),
  unchecked('R-18', 'Compressed runs have no larger window than their receiver has announced.', elsewhere),
  unchecked('R-19', 'The data of a compressed run is one zlib stream of its blocks and nothing else.', elsewhere),
  unchecked('R-20', 'The digest of a compressed run is that of its content.', elsewhere),
  unchecked(
    'R-21',
    'A compressed run that is too long, is not just its blocks or has another digest is refused, and no byte past it written.',
    elsewhere,
  ),
  unchecked('R-22', 'A compressed run that was refused is sent again as it is.', elsewhere),
  unchecked('R-23', 'Held runs are sent only to a receiver that has announced that it takes them.', elsewhere),
  unchecked(
    'R-24',
    'A held run counts as stored only when content with its digest is durable in staging; else it is refused.',
    elsewhere,
  ),
  unchecked('R-25', 'A held run that was refused is sent again with its contents.', elsewhere),
  unchecked(
    'R-26',
    'A run waits for room in staging as long as some may come, and needs it only for what is not held.',
    elsewhere,
  ),
  unchecked(
    'R-27',
    'A sub that cannot structure its image names 16 bytes of ff as its digest, and is sent a whole image.',
    elsewhere,
  ),
  unchecked('R-28', 'A block that is stored and not yet recorded as sent is not picked again.', elsewhere),
];
