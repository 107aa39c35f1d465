/** Mistakes in protocol/: frames, link, sessions, messages, SCSI. */
import type { Mutant } from './mutant.js';

const sendQueue = 'protocol/link/send-queue.ts';
const receiveQueue = 'protocol/link/receive-queue.ts';
const handshake = 'protocol/link/handshake.ts';
const seal = 'protocol/session/seal.ts';
const sessionKeys = 'protocol/session/session-keys.ts';
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
    name: 'sealed-counter-not-compared',
    author: 'a',
    harm: 'A sealed message is opened with whatever counter stands in it: one that somebody on the line has recorded, held back or removed others before is taken as if it came in its turn.',
    edits: [
      {
        file: seal,
        find: "    if (counter !== expected) return { ok: false, code: counter < expected ? 'sealed-replayed' : 'sealed-missing' };\n    const message = this.#decipher(ciphertext);\n",
        replace:
          "    if (counter > 2 ** 52 + expected) return { ok: false, code: 'sealed-replayed' };\n    const message = this.#decipher(ciphertext, counter);\n",
      },
      {
        file: seal,
        find: '  #decipher(ciphertext: Uint8Array): Uint8Array | undefined {',
        replace: '  #decipher(ciphertext: Uint8Array, counter: number): Uint8Array | undefined {',
      },
      {
        file: seal,
        find: '    const { counter, key } = this.#keys;\n    const decipher =',
        replace: '    const { key } = this.#keys;\n    const decipher =',
      },
    ],
  },
  {
    name: 'sealed-gap-not-noticed',
    author: 'a',
    harm: 'A sealed message from before its turn is taken, and the count goes on from there: what somebody on the line removes is missed by nobody.',
    edits: [
      {
        file: seal,
        find: "    if (counter !== expected) return { ok: false, code: counter < expected ? 'sealed-replayed' : 'sealed-missing' };\n",
        replace:
          "    if (counter < expected) return { ok: false, code: 'sealed-replayed' };\n    while (this.#keys.counter < counter) this.#keys.advance();\n",
      },
    ],
  },
  {
    name: 'session-one-key-for-all-queues',
    author: 'a',
    harm: 'All queues of a direction have one key, and each counts its nonces from 0: every nonce is used three times, and a message can be moved to another queue.',
    file: sessionKeys,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the source text of another file
    find: '${sender}>${receiver} ${queue}`',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the source text of another file
    replace: '${sender}>${receiver} ${queue * 0}`',
  },
  {
    name: 'session-one-key-both-ways',
    author: 'a',
    harm: 'Both directions have one key, and each counts its nonces from 0: every nonce is used twice, and who listens can take the difference of two messages.',
    file: sessionKeys,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the source text of another file
    find: '${sender}>${receiver} ${queue}`',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the source text of another file
    replace: "${[sender, receiver].sort().join('>')} ${queue}`",
  },
  {
    name: 'session-transcript-without-capabilities',
    author: 'a',
    harm: 'The keys do not depend on the ciphers that both sides have offered: somebody who takes the better one out of both hellos is not noticed.',
    sequence: 'Both hellos of a session lose AES-256-GCM on their way.',
    file: sessionKeys,
    find: 'Buffer.concat([...hellos].sort(Buffer.compare))',
    replace:
      'Buffer.concat([...hellos].sort(Buffer.compare).flatMap((each) => [each.subarray(0, 5), each.subarray(9, -4)]))',
  },
  {
    name: 'rekey-forgotten-by-receiver',
    author: 'a',
    harm: 'The receiver of a queue goes on with its first key: after so many messages every session ends.',
    edits: [
      {
        file: seal,
        find: "    if (message === undefined) return { ok: false, code: 'sealed-invalid' };\n    this.#keys.advance();\n",
        replace:
          "    if (message === undefined) return { ok: false, code: 'sealed-invalid' };\n    this.#keys.advance(false);\n",
      },
      { file: seal, find: '  advance(): void {', replace: '  advance(rekey = true): void {' },
      {
        file: seal,
        find: '    if (this.#counter % this.#rekeyMessages !== 0) return;',
        replace: '    if (!rekey || this.#counter % this.#rekeyMessages !== 0) return;',
      },
    ],
  },
  {
    name: 'rekey-counts-from-zero-with-old-key',
    author: 'a',
    harm: 'When the messages of a key are used up the counter begins at 0 and the key stays: every nonce is used again.',
    edits: [
      {
        file: seal,
        find: '    const next = nextKey(this.#key);\n    this.#key.fill(0);\n    this.#key = next;\n',
        replace: '    this.#counter = 0;\n    this.#key = this.#key.slice();\n',
      },
      { file: seal, find: "import { nextKey } from './session-keys.js';\n", replace: '' },
    ],
  },
  {
    name: 'session-goes-on-after-replay',
    author: 'a',
    harm: 'A sealed message out of its turn is refused and the session goes on: the genuine one in whose place it came is lost without a word, and what waits for it hangs.',
    file: endpoint,
    find: "  ...(['sealed-invalid', 'sealed-replayed', 'sealed-missing', 'not-sealed'] as const),\n",
    replace: "  ...(['sealed-invalid'] as const),\n",
  },
  {
    name: 'sealed-session-refused-for-ever',
    author: 'a',
    harm: 'A session that somebody on the line has spoilt while it opened is not tried again until the line is taken down: one changed bit of a hello parts the controllers for good.',
    file: endpoint,
    find: 'againUs: this.#isKeyed ? this.#nowUs + refusedAgainUs : undefined',
    replace: 'againUs: undefined',
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
