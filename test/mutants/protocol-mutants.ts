/** Mistakes in protocol/: frames, link, sessions, messages, SCSI. */
import type { Mutant } from './mutant.js';

const sendQueue = 'protocol/link/send-queue.ts';
const receiveQueue = 'protocol/link/receive-queue.ts';
const handshake = 'protocol/link/handshake.ts';
const replayWindow = 'protocol/session/replay-window.ts';
const endpoint = 'protocol/session/endpoint.ts';

const linkMutants: readonly Mutant[] = [
  {
    name: 'link-window-one-too-far',
    author: 'a',
    harm: 'One unit more is sent than the receiver announced: on a clean line its frames are refused whenever the window is full, and a small board stalls at each of them until a timer ends.',
    file: sendQueue,
    find: 'const room = windowUnits - (this.#next - this.#acknowledged);',
    replace: 'const room = windowUnits + 1 - (this.#next - this.#acknowledged);',
  },
  {
    name: 'link-sequence-without-wrap',
    author: 'a',
    harm: 'Sequence numbers are compared without their wrap: after 4 MiB in one queue everything counts as repeated, and the link stands still.',
    file: 'protocol/link/sequence.ts',
    find:
      '  const ahead = (sequence - wrapped(reference) + sequenceModulus) % sequenceModulus;\n' +
      '  return reference + (ahead < sequenceModulus / 2 ? ahead : ahead - sequenceModulus);\n',
    replace: '  return reference + sequence - wrapped(reference);\n',
  },
  {
    name: 'link-resume-from-first-queue',
    author: 'a',
    harm: 'After a lost line every queue goes on from where the first one stands: messages of the others that never arrived are taken for received, and the link waits for them for ever.',
    sequence:
      'Control has carried more than replication has had acknowledged; the line is lost with a run on its way, and comes back.',
    file: 'protocol/link/sender.ts',
    find: 'queue.acknowledge({ next: next[priority], runs: [], complete: false });',
    replace: 'queue.acknowledge({ next: next[0], runs: [], complete: false });',
  },
  {
    name: 'link-keeps-old-receiver',
    author: 'a',
    harm: 'A fresh link goes on with the numbers that the old one had received: what a restarted peer sends counts as repeated, and no session opens any more.',
    sequence: 'The peer restarts after some messages.',
    file: 'protocol/link/link.ts',
    find: '    this.#sender = undefined;\n    this.#receiver = new Receiver(this.#limits);\n',
    replace: '    this.#sender = undefined;\n',
  },
  {
    name: 'link-mark-ignores-ids',
    author: 'a',
    harm: 'Frames carry no mark of their link: what lies in the buffers of a line when a peer restarts is taken into the new link, in the place of its own frames.',
    sequence: 'The peer restarts while frames of the old link are on the line; they arrive after the opens.',
    file: handshake,
    find: '  return crc32(ids);\n',
    replace: '  return crc32(ids.subarray(0, 0));\n',
  },
  {
    name: 'link-acknowledgement-frees-gaps',
    author: 'a',
    harm: 'An acknowledgement that names what arrived behind a gap frees the gap too: the lost frame is never repeated, and its queue stands still.',
    sequence: 'One frame of several is spoilt by noise.',
    file: sendQueue,
    find: 'const arrived = end <= next || (range < received.length && (received[range] as Range).start <= each.start);',
    replace: 'const arrived = end <= next || range < received.length;',
  },
  {
    name: 'link-duplicate-delivered-twice',
    author: 'a',
    harm: 'A message of one frame that is repeated because its acknowledgement was late or lost is handed on twice: commands overlap with themselves and are aborted, requests are carried out twice.',
    sequence: 'An acknowledgement is spoilt by noise, or comes after the timer.',
    file: receiveQueue,
    find: "    if (start < behind || end > ahead) return nothing('repeated');\n",
    replace:
      '    if (start < behind || end > ahead) {\n      const messages = frame.first && frame.last ? [frame.payload] : [];\n' +
      "      return { outcome: 'repeated', messages };\n    }\n",
  },
  {
    name: 'link-delivers-out-of-order',
    author: 'a',
    harm: 'A message of one frame that arrives behind a gap is handed on at once: it overtakes what was sent before it in its queue, such as a run of zeros the beginning of its generation.',
    sequence: 'A frame is spoilt by noise, and the next one holds a whole message.',
    file: receiveQueue,
    find: "      this.#held.splice(index, 0, { start, end, frame });\n      return nothing(gap ? 'gap' : 'taken');\n",
    replace:
      '      const alone = frame.first && frame.last;\n' +
      '      const rest = { ...frame, first: false, last: false, payload: frame.payload.subarray(0, 0) };\n' +
      '      this.#held.splice(index, 0, { start, end, frame: alone ? rest : frame });\n' +
      "      return { outcome: gap ? 'gap' : 'taken', messages: alone ? [frame.payload] : [] };\n",
  },
  {
    name: 'link-second-gap-skipped',
    author: 'a',
    harm: 'When a gap is closed everything held is joined, also what lies behind a second gap: the frame missing there is skipped, and its message is lost without a word, or spoilt.',
    sequence: 'Two frames of a window are spoilt by noise, with good ones between and behind them.',
    file: receiveQueue,
    find: '      if (each.start !== this.#next) break;\n',
    replace: '',
  },
  {
    name: 'frame-check-not-looked-at',
    author: 'a',
    harm: 'The check of data frames and acknowledgements is not looked at: noise gets into messages, which the link has acknowledged and never repeats; every spoilt frame ends the session, or is taken for one of the link before.',
    edits: [
      {
        file: 'protocol/frame/frame.ts',
        find: 'export function decodeFrame(encoded: Uint8Array, mark: number): DecodedFrame {',
        replace: 'export function decodeFrame(encoded: Uint8Array, _mark: number): DecodedFrame {',
      },
      {
        file: 'protocol/frame/frame.ts',
        find: 'if (differenceOfCheck(plain) !== (open ? 0 : mark >>> 0))',
        replace: 'if (open && differenceOfCheck(plain) !== 0)',
      },
    ],
  },
];

const sessionMutants: readonly Mutant[] = [
  {
    name: 'replay-window-never-refuses',
    author: 'a',
    harm: 'A sealed message that somebody on the line has recorded and puts into a new frame is taken a second time.',
    file: replayWindow,
    find: 'return ((this.#seen[byteOf(counter)] as number) & bitOf(counter)) === 0;',
    replace: 'return true;',
  },
  {
    name: 'replay-window-refuses-overtaken',
    author: 'a',
    harm: 'Only counters higher than every one before are taken: in a sealed session a message that a more urgent one has overtaken is refused and lost, and what waits for it hangs.',
    sequence: 'A sealed session: a run of blocks is queued, then a control message; the control message arrives first.',
    file: replayWindow,
    find: 'if (counter < this.#end - sealedWindow) return false;',
    replace: 'if (counter < this.#end) return false;',
  },
  {
    name: 'session-one-key-both-ways',
    author: 'a',
    harm: 'Both directions have one key, and each counts its nonces from 0: every nonce is used twice, and who listens can take the difference of two messages.',
    file: 'protocol/session/seal.ts',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the source text of another file
    find: '${sender}>${receiver}`',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the source text of another file
    replace: "${[sender, receiver].sort().join('>')}`",
  },
  {
    name: 'session-salt-repeated',
    author: 'a',
    harm: 'All sessions of one power on have one salt: when a link opens anew between two sides that have not restarted, the key is the old one and its nonces begin at 0 again.',
    sequence:
      'A message arrives damaged, so a session begins anew while neither side loses its power: it repeats the key and the nonces of the first.',
    file: endpoint,
    find: '    this.#sessionCounter += 1;\n',
    replace: '',
  },
  {
    name: 'sealed-session-takes-clear-messages',
    author: 'a',
    harm: 'In a sealed session a message in clear is taken as well: whoever can write to the line gives orders without the key.',
    file: endpoint,
    find: "if (message.kind !== 'sealed') return refused('not-sealed', message.kind);",
    replace: "if (message.kind !== 'sealed') return this.#deliver(message);",
  },
];

const contentMutants: readonly Mutant[] = [
  {
    name: 'zero-test-looks-at-first-sector',
    author: 'a',
    harm: 'A block counts as zeros when its first sector and its last byte are zero: what lies between is not sent, and since digests ask the same question every digest agrees.',
    sequence:
      'Write the second sector of a block that was never written, ending in a zero byte or not reaching its end; freeze.',
    file: 'protocol/digest.ts',
    find: 'for (let at = 0; at < view.length; at += zeros.length) {\n    const length = Math.min(zeros.length, view.length - at);',
    replace:
      'for (let at = 0; at < Math.min(512, view.length); at += zeros.length) {\n    const length = Math.min(512, view.length - at);',
  },
  {
    name: 'u64-high-word-lost',
    author: 'a',
    harm: 'The upper half of 64-bit numbers is not written: a volume of 4 GiB or more has another size in the records than on the disks, and its controller halts at the next power on.',
    sequence: 'A pair with a volume of 4 GiB; restart main.',
    file: 'protocol/message/field.ts',
    find: 'return into.writeUInt32LE(Math.floor(value / 0x1_0000_0000), at + 4);',
    replace: 'return into.writeUInt32LE(0, at + 4);',
  },
  {
    name: 'command-data-check-ignored',
    author: 'a',
    harm: 'The data of a command is not held against the check that its initiator made: what was spoilt on the way through a memory is written with GOOD.',
    sequence: 'One bit of the data changes between the initiator’s check and its messages, or in the target’s buffer.',
    file: 'protocol/scsi/target.ts',
    find: "return crc32(task.buffer) === task.dataCheck ? this.#execute(task) : this.#fail(task, 'dataPhaseError');",
    replace: 'return this.#execute(task);',
  },
  {
    name: 'abort-answered-too-early',
    author: 'a',
    harm: 'ABORT TASK is answered before the write that it aborts has come to its end: the volume changes after the host was told that nothing of it will happen any more.',
    sequence: 'A write is under way; abort it; read its blocks after the answer, twice.',
    edits: [
      {
        file: 'protocol/scsi/task-management.ts',
        find: 'begin(request: number, ids: readonly number[]): Send[] {',
        replace: 'begin(request: number, _ids: readonly number[]): Send[] {',
      },
      {
        file: 'protocol/scsi/task-management.ts',
        find: 'waitsFor: new Set(ids) });',
        replace: 'waitsFor: new Set<number>() });',
      },
    ],
  },
];

export const protocolMutants: readonly Mutant[] = [...linkMutants, ...sessionMutants, ...contentMutants];
