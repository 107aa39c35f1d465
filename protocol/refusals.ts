/**
 * Why something was refused or failed: one append-only table. The number goes over the line, the name stands in
 * JSON, on the terminal and in tests, `remedy` says what to do. A number is never reused, a name never changed.
 */

export interface RefusalEntry {
  /** The number on the line. */
  readonly number: number;
  /** What happened, as a sentence. */
  readonly meaning: string;
  /** What whoever meets it can do about it. */
  readonly remedy: string;
  /** The exit code of a command that ends on it: 1 a check failed, 2 usage, 3 bench unavailable, 4 protocol or key. */
  readonly exit: 1 | 2 | 3 | 4;
}

const entry = (number: number, exit: RefusalEntry['exit'], meaning: string, remedy: string): RefusalEntry => ({
  number,
  meaning,
  remedy,
  exit,
});

export const refusals = {
  // 1 … 15: frames and the link
  'frame-encoding': entry(1, 4, 'A frame is not valid COBS.', 'Check baud rate, cable and flow control.'),
  'frame-length': entry(2, 4, 'A frame is shorter or longer than any frame may be.', 'Check baud rate and cable.'),
  'frame-checksum': entry(3, 4, 'A frame fails its CRC-32.', 'Check baud rate, cable and flow control.'),
  'frame-kind': entry(4, 4, 'A frame has a kind that this version does not know.', 'Update the older side.'),
  'frame-session': entry(5, 4, 'A frame belongs to another link session.', 'None: the link opens anew by itself.'),
  'frame-window': entry(6, 4, 'A frame lies outside the receive window.', 'None: the sender repeats what is missing.'),
  'link-message-length': entry(7, 4, 'A message is longer than the receiver announced.', 'Mend the sender.'),
  'acknowledgement-contradicted': entry(
    8,
    4,
    'The other side goes on lacking what was acknowledged in its name.',
    'Somebody tampers with the line, or the other side has the same link ids at each power on: look at its entropy.',
  ),
  // 16 … 31: messages
  'message-truncated': entry(16, 4, 'A message ends in the middle of a field.', 'Mend the sender.'),
  'message-trailing': entry(17, 4, 'A message has bytes after its last field.', 'Mend the sender.'),
  'message-check': entry(18, 4, 'A message fails its own check.', 'It is sent again; if it recurs, suspect memory.'),
  'message-tag': entry(19, 4, 'A message has a tag that this version does not know.', 'Update the older side.'),
  'message-value': entry(20, 4, 'A field of a message has a value that is not allowed.', 'Mend the sender.'),
  'message-unexpected': entry(21, 4, 'This role does not take this message.', 'Connect the line to the right port.'),
  // 32 … 47: sessions and keys
  'version-mismatch': entry(32, 4, 'The other side speaks another protocol version.', 'Update the older side.'),
  'key-required': entry(
    33,
    4,
    'This side has a key and the other side has none.',
    'Give both sides the same key file.',
  ),
  'key-unknown': entry(34, 4, 'The other side has a key and this side has none.', 'Give --key-file here too.'),
  'wrong-key': entry(35, 4, 'The two sides hold different keys.', 'Give both sides the same key file.'),
  'wrong-role': entry(36, 4, 'The other side has a role that does not belong on this line.', 'Check the wiring.'),
  'capability-missing': entry(37, 4, 'The other side lacks a capability that is needed.', 'Update the older side.'),
  'block-size-mismatch': entry(
    38,
    4,
    'The two controllers use different block sizes.',
    'Start both with the same --block.',
  ),
  'volume-mismatch': entry(
    39,
    4,
    'The two controllers have different volumes.',
    'Give both the same number and sizes.',
  ),
  'line-silent': entry(
    40,
    3,
    'The other side does not answer.',
    'Check that it runs and that the line is the right one.',
  ),
  'line-lost': entry(41, 3, 'The line was lost.', 'Reconnect it; the transfer goes on from where it was.'),
  'peer-restarted': entry(42, 3, 'The other side started anew.', 'None: a fresh session opens by itself.'),
  'sealed-replayed': entry(43, 4, 'A sealed message came after its turn.', 'Somebody tampers with the line.'),
  'sealed-invalid': entry(44, 4, 'A sealed message fails its authentication.', 'Somebody tampers with the line.'),
  'not-sealed': entry(45, 4, 'A message arrived in clear in a sealed session.', 'Somebody tampers with the line.'),
  'sealed-missing': entry(46, 4, 'A sealed message came before its turn.', 'Somebody tampers with the line.'),
  // 48 … 79: instructions that do not fit the state
  'transfer-in-progress': entry(48, 1, 'A generation is still being sent.', 'Wait for it: coldframe host wait.'),
  'pair-suspended': entry(49, 1, 'The pair is suspended.', 'coldframe host resync'),
  'pair-not-suspended': entry(50, 1, 'The pair is not suspended.', 'None: there is nothing to bring back.'),
  'pair-healthy': entry(51, 1, 'The main side is alive; takeover would part the pair.', 'Add --force if you mean it.'),
  'not-ready': entry(52, 1, 'There is no committed image yet.', 'Freeze at main and wait for generation 1.'),
  'wrong-generation': entry(53, 1, 'That generation is not the current one.', 'Ask for the one that status shows.'),
  'wrong-controller': entry(54, 1, 'The other controller takes this instruction.', 'Send it over the other line.'),
  'taken-over': entry(55, 1, 'The sub side has taken over.', 'Work at the sub, or coldframe host failback there.'),
  'not-taken-over': entry(56, 1, 'No takeover has happened.', 'None: there is nothing to fail back.'),
  'discard-needed': entry(57, 1, 'Main holds writes that were never sent; failback discards them.', 'Add --discard.'),
  'failback-in-progress': entry(58, 1, 'A failback is under way.', 'Wait for it: coldframe host wait.'),
  'sub-unreachable': entry(59, 1, 'The line between the controllers is down.', 'Reconnect it and try again.'),
  'wrong-method': entry(
    60,
    1,
    'The controllers are set to different methods.',
    'Start main with the method of the pair.',
  ),
  'unknown-volume': entry(61, 1, 'There is no such volume.', 'See status for the volumes.'),
  'range-outside': entry(62, 1, 'The range passes the end of the volume.', 'See status for the sizes.'),
  'generation-unknown': entry(63, 1, 'There never was such a generation.', 'See status for the newest.'),
  recovering: entry(64, 1, 'The controller is still reading its records after power on.', 'Try again in a moment.'),
  'too-many-requests': entry(65, 1, 'Too many requests are waiting.', 'Wait for an answer first.'),
  // 80 … 111: why a generation failed or a pair was suspended
  'shadow-full': entry(80, 1, 'The shadow area was full and the line too slow or down.', 'Enlarge it, then resync.'),
  'staging-full': entry(81, 1, 'The staging area is full.', 'Enlarge it, then resync.'),
  'digest-mismatch': entry(
    82,
    1,
    'What arrived is not what was sent.',
    'Resync; if it recurs, suspect memory or disks.',
  ),
  'frozen-content-lost': entry(
    83,
    1,
    'A block was lost whose frozen content is overwritten.',
    'Resync and freeze again.',
  ),
  'disk-error': entry(84, 1, 'A disk reported an error that retries did not mend.', 'Replace the disk, then resync.'),
  'shadow-corrupt': entry(85, 1, 'The shadow area returned other data than was written.', 'Replace the disk, resync.'),
  'staging-corrupt': entry(
    86,
    1,
    'The staging area returned other data than was written.',
    'Replace the disk, resync.',
  ),
  'image-corrupt': entry(87, 1, 'The secondary area returned other data than was written.', 'Replace it, then resync.'),
  'foreign-pair': entry(88, 1, 'The two controllers belong to different pairs.', 'Use the areas that belong together.'),
  'older-main': entry(89, 1, 'The sub is ahead of main: main runs on old records.', 'Take over at the sub, fail back.'),
  'older-sub': entry(90, 1, 'The sub holds an older image than main knows of.', 'None: a full copy follows.'),
  suspended: entry(91, 1, 'The pair was suspended by an instruction.', 'coldframe host resync'),
  'records-corrupt': entry(92, 1, 'The durable records cannot be read.', 'Restore the meta area, or start a new pair.'),
  'refused-by-sub': entry(93, 1, 'The sub refused the generation.', 'See the status of the sub.'),
  'compressed-invalid': entry(
    94,
    4,
    'The data of a compressed run is no zlib stream of just its blocks, in a window that was announced.',
    'None: it is sent again as it is; if it recurs, mend the sender, or give it --compress off.',
  ),
  'content-differs': entry(
    95,
    4,
    'The receiver’s image does not hold the content that a run was named by.',
    'None: the run is sent with its contents.',
  ),
  'generation-failed': entry(
    96,
    1,
    'The generation never became an image here.',
    'See the status and the log of main for why.',
  ),
  // 112 … 159: files, lines and configuration, on the computer that runs coldframe
  'file-missing': entry(112, 2, 'A file does not exist.', 'Check the path.'),
  'file-unreadable': entry(113, 2, 'A file cannot be opened.', 'Check its permissions.'),
  'file-in-use': entry(114, 3, 'Another process uses this file.', 'Stop that process first.'),
  'file-size': entry(115, 2, 'A file has a size that does not fit.', 'Give --size, or use the right file.'),
  'disk-full': entry(116, 3, 'The file system is full.', 'Free some space; nothing acknowledged was lost.'),
  'foreign-area': entry(117, 2, 'This area belongs to another pair or another place in it.', 'Use the right files.'),
  'line-address': entry(118, 2, 'An address of a line cannot be understood.', 'See coldframe --help for the forms.'),
  'line-unavailable': entry(119, 3, 'A line cannot be opened.', 'Check that it exists and that you may use it.'),
  'configuration-invalid': entry(120, 2, 'A configuration file is wrong.', 'Mend the place that is named.'),
  'argument-invalid': entry(121, 2, 'An argument is wrong.', 'See --help of this command.'),
  'key-file-invalid': entry(
    122,
    2,
    'A key file has not 64 hexadecimal digits.',
    'head -c32 /dev/urandom | xxd -p -c64',
  ),
  'key-file-exposed': entry(123, 2, 'Others can read or change the key file.', 'chmod 600 it.'),
  'golden-invalid': entry(124, 2, 'A golden file cannot be understood.', 'Record it again: coldframe golden record.'),
  'golden-mismatch': entry(125, 1, 'The volume is not the golden image.', 'See the ranges that are named.'),
  'timed-out': entry(126, 1, 'It did not happen in the time allowed.', 'See status, or allow more time.'),
  'command-failed': entry(127, 3, 'A hook command failed.', 'Run it by hand.'),
  'scsi-error': entry(128, 1, 'The device reported an error.', 'See the sense data that is named.'),
  'process-ended': entry(129, 3, 'A process of the bench has ended.', 'See what it wrote to stderr.'),
  'capture-invalid': entry(130, 2, 'A file is no capture of lines.', 'Use a pcapng file that --capture has written.'),
  'answers-differ': entry(131, 1, 'The model answers otherwise than the capture.', 'See the answers that are named.'),
  'file-exists': entry(140, 2, 'A file is there already.', 'Move it away, or name another.'),
  'port-in-use': entry(141, 3, 'Another process uses this port.', 'End that process first, or take another port.'),
  'golden-size': entry(
    150,
    2,
    'The golden image is one of other volumes or blocks.',
    'Take the one of these volumes, or record it with the same --block.',
  ),
} as const satisfies Readonly<Record<string, RefusalEntry>>;

export type RefusalCode = keyof typeof refusals;

/** Number → name, for decoders; every number is checked to be used once when this module loads. */
const namesByNumber = new Map<number, RefusalCode>();
for (const [name, { number }] of Object.entries(refusals)) {
  // Stryker disable next-line ConditionalExpression: no number is used twice; who does so meets this
  if (namesByNumber.has(number)) throw new Error(`refusal number ${number} is used twice`);
  namesByNumber.set(number, name as RefusalCode);
}

/** The name of a refusal's number, or undefined when this version does not know it. */
export function refusalByNumber(number: number): RefusalCode | undefined {
  return namesByNumber.get(number);
}

/** A refusal with what it is about: an expected outcome, passed as a value. */
export interface Refusal {
  readonly code: RefusalCode;
  /** What exactly: names, numbers, places. No sentence of `meaning` again. */
  readonly detail: string;
}

/** A refusal on its way up through promises of the host's side. */
export class RefusalError extends Error {
  readonly refusal: Refusal;
  constructor(code: RefusalCode, detail: string) {
    super(`${code}: ${refusals[code].meaning}${detail === '' ? '' : ` (${detail})`}`);
    this.name = 'RefusalError';
    this.refusal = { code, detail };
  }
}
