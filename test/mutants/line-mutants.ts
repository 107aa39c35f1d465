/**
 * Mistakes in protocol/ that were written to learn what each check of the link and each class of line faults is for:
 * docs/purposes.md tells which of them stay alive without it.
 */
import type { Mutant } from './mutant.js';

const handshake = 'protocol/link/handshake.ts';
const link = 'protocol/link/link.ts';
const receiveQueue = 'protocol/link/receive-queue.ts';
const sendQueue = 'protocol/link/send-queue.ts';
const endpoint = 'protocol/session/endpoint.ts';

export const lineMutants: readonly Mutant[] = [
  {
    name: 'link-stranger-makes-candidate',
    author: 'b',
    harm: 'Whoever is unknown and names somebody is asked for a candidate, as one who knows nobody: one stale open makes both sides of a live link ask, take each other for new, and drop their queues.',
    sequence: 'An open of an earlier link comes once more while the link runs.',
    file: handshake,
    find: '    else return this.#doubt(open, nowUs);\n',
    replace: '    else this.#askCandidate(open.own, nowUs);\n',
  },
  {
    name: 'link-candidate-for-its-own-peer',
    author: 'b',
    harm: 'An old open of the link’s own peer is taken for a new start: it asks for a candidate with that peer’s id, whom its peer takes for one who has started anew and knows it, and both drop their queues.',
    sequence: 'The first open of a link comes once more while it runs.',
    file: handshake,
    find: '    if (open.own === peer) {\n',
    replace: '    if (open.own === peer && open.peer !== 0n) {\n',
  },
  {
    name: 'link-ends-at-first-doubt',
    author: 'b',
    harm: 'Somebody unknown who names somebody is believed at once: a stale open ends a live link, and what was queued is lost.',
    sequence: 'An open of an earlier link comes once more while the link runs.',
    file: handshake,
    find: 'if (nowUs - sinceUs < strangerUs) return',
    replace: 'if (nowUs < sinceUs) return',
  },
  {
    name: 'link-open-answered-unasked',
    author: 'b',
    harm: 'An open is answered whether it asks or not: the two sides answer each other’s answers without an end.',
    file: handshake,
    find: 'this.#opening = open.ask ? { ...this.#ids, ask: false, running: this.#running } : undefined;',
    replace: 'this.#opening = { ...this.#ids, ask: false, running: this.#running };',
  },
  {
    name: 'link-replaced-without-a-word',
    author: 'b',
    harm: 'A fresh link in place of an established one is told as opened only: who uses it goes on with what was said before, and waits for answers that the peer has forgotten.',
    file: link,
    find: "    return [peerRestarted, { kind: 'opened' }];",
    replace: "    return [{ kind: 'opened' }];",
  },
  {
    name: 'link-window-announced-in-bytes',
    author: 'b',
    harm: 'The window is announced in bytes where units are meant: the peer sends 64 times what this side has room for, and behind one lost frame it all has to be held.',
    file: link,
    find: 'windowUnits: Math.floor((options.windowBytes ?? windowUnitsMax * unitBytes) / unitBytes),',
    replace: 'windowUnits: Math.min(windowUnitsMax, options.windowBytes ?? windowUnitsMax),',
  },
  {
    name: 'link-longest-message-refused',
    author: 'b',
    harm: 'A message of exactly the length that was announced is taken for too long and dropped.',
    file: receiveQueue,
    find: 'const fits = this.#partBytes <= this.#limits.messageBytesMax;',
    replace: 'const fits = this.#partBytes < this.#limits.messageBytesMax;',
  },
  {
    name: 'link-repeats-behind-gap',
    author: 'b',
    harm: 'A frame behind a gap that is repeated is kept twice, and handed on twice when the gap closes.',
    edits: [
      {
        file: receiveQueue,
        find: "if (start < behind || end > ahead) return nothing('repeated');",
        replace: "if (start < this.#next) return nothing('repeated');",
      },
      {
        file: receiveQueue,
        find: 'if (each.start !== this.#next) break;',
        replace: 'if (each.start > this.#next) break;',
      },
      {
        file: receiveQueue,
        find: '      this.#next = each.end;\n',
        replace: '      this.#next = Math.max(this.#next, each.end);\n',
      },
    ],
  },
  {
    name: 'link-gaps-overflow-record',
    author: 'b',
    harm: 'The list of gaps in an acknowledgement is not cut where its length has no room: its upper bits become another queue’s, and nothing is acknowledged as long as there are many gaps.',
    file: 'protocol/link/acknowledgement.ts',
    find: '    if (encoded.length + pair.length > runsBytesMax) break;\n',
    replace: '    if (encoded.length + pair.length > 255) break;\n',
  },
  {
    name: 'link-ends-after-silence',
    author: 'b',
    harm: 'A peer that has been silent for the keepalive time is given up: a line that stalls for seconds costs the session and all its queues.',
    edits: [
      {
        file: link,
        find: '    if (ended && nowUs - this.#heardUs >= this.#keepaliveUs) this.#handshake.ask();\n',
        replace: '    if (ended && nowUs - this.#heardUs >= this.#keepaliveUs) this.#silent = true;\n',
      },
      { file: link, find: '  #heardUs = 0;\n', replace: '  #heardUs = 0;\n  #silent = false;\n' },
      {
        file: link,
        find: '    if (encoded.length === 0) return none;\n',
        replace:
          '    if (encoded.length === 0) return none;\n    if (this.#silent) {\n      this.#silent = false;\n      this.forget();\n' +
          '      this.lineUp(nowUs);\n      return [peerRestarted];\n    }\n',
      },
    ],
  },
  {
    name: 'link-ends-at-spoilt-frame',
    author: 'b',
    harm: 'A frame whose check is wrong ends the link, as one of somebody else: noise costs the session.',
    file: link,
    find: '    if (!decoded.ok) return [refused(this.#nameStale(encoded, decoded.refusal))];\n',
    replace:
      "    if (!decoded.ok && decoded.refusal.code === 'frame-checksum' && this.open) {\n      this.forget();\n      this.lineUp(nowUs);\n      return [peerRestarted];\n    }\n" +
      '    if (!decoded.ok) return [refused(this.#nameStale(encoded, decoded.refusal))];\n',
  },
  {
    name: 'session-first-message-twice',
    author: 'b',
    harm: 'The message that tells a settling session that it is open is handed on with the opening, and once more by itself.',
    file: endpoint,
    find: "    return this.#session.kind === 'settling' ? [...this.#opened(), delivered] : [delivered];",
    replace: "    return this.#session.kind === 'settling' ? [...this.#opened(), delivered, delivered] : [delivered];",
  },
  {
    name: 'session-first-message-before-opening',
    author: 'b',
    harm: 'A message that comes while the session settles is handed on before anybody is told of the session.',
    file: endpoint,
    find: "    return this.#session.kind === 'settling' ? [...this.#opened(), delivered] : [delivered];",
    replace: "    return this.#session.kind === 'settling' ? [delivered, ...this.#opened()] : [delivered];",
  },
  {
    name: 'queued-bytes-of-unsent-messages',
    author: 'b',
    harm: 'What is queued is counted down when it is sent and not when it is acknowledged: who asks whether all has arrived is told so while it is on its way.',
    edits: [
      {
        file: sendQueue,
        find: '    this.#next += fragment.units;\n    this.#cutBytes += length;\n',
        replace: '    this.#next += fragment.units;\n    this.#cutBytes += length;\n    this.#queuedBytes -= length;\n',
      },
      { file: sendQueue, find: '      this.#queuedBytes -= each.bytes.length;\n', replace: '' },
    ],
  },
  {
    name: 'frame-check-of-24-bits',
    author: 'b',
    harm: 'The check of a frame is compared without its last byte, which a shift has lost: a frame in 256 of those that noise would get past the rest is taken with what is wrong in it.',
    file: 'protocol/frame/frame.ts',
    find: 'if (differenceOfCheck(plain) !== (open ? 0 : mark >>> 0))',
    replace: 'if ((differenceOfCheck(plain) ^ (open ? 0 : mark)) << 8 !== 0)',
  },
  {
    name: 'link-timer-not-set-anew',
    author: 'b',
    harm: 'The timer that has ended is set anew only when there is something to repeat by it: while repetitions wait for the line it is due for ever, and whoever waits for it does nothing else any more.',
    edits: [
      {
        file: 'protocol/link/sender.ts',
        find: '    this.#timerUs = nowUs + this.#roundTrip.timeoutUs;\n    // What',
        replace: '    // What',
      },
      {
        file: 'protocol/link/sender.ts',
        find: '    this.#size.timedOut();\n',
        replace: '    this.#timerUs = nowUs + this.#roundTrip.timeoutUs;\n    this.#size.timedOut();\n',
      },
    ],
  },
  {
    name: 'link-window-forgets-lost',
    author: 'b',
    harm: 'What counts as lost is left out when the window is reckoned: behind a gap more is sent than the receiver has announced, and refused there.',
    file: sendQueue,
    find: 'const room = windowUnits - (this.#next - this.#acknowledged);',
    replace:
      "const room = windowUnits - this.#fragments.reduce((sum, each) => sum + (each.state === 'flying' ? each.units : 0), 0);",
  },
  {
    name: 'link-doubts-forgotten-candidate',
    author: 'b',
    harm: 'In doubt about somebody, only the candidate is asked for: two sides that each heard a stale open ask for candidates, take each other for strangers, and end a live link after a second.',
    sequence: 'An open of an earlier link comes to both sides at the same time.',
    file: handshake,
    find: 'this.#candidateAsks && !(this.#strangers.size > 0 && this.#askedCandidate) ? this.#candidate',
    replace: 'this.#candidateAsks ? this.#candidate',
  },
  {
    name: 'link-acknowledges-without-news',
    author: 'b',
    harm: 'Acknowledgements go on by the clock when there is nothing to tell: a line at rest is never silent, and a slow one has less room for what is said.',
    edits: [
      {
        file: 'protocol/link/receiver.ts',
        find: '    this.#dueUs = undefined;\n    this.#bytes = 0;\n',
        replace: '    this.#dueUs = nowUs + acknowledgementDelayUs;\n    this.#bytes = 0;\n',
      },
      {
        file: 'protocol/link/receiver.ts',
        find: 'const told = priorities.filter((priority) => this.#tellings[priority] > 0);',
        replace: 'const told = [...priorities];',
      },
    ],
  },
  {
    name: 'session-end-untold',
    author: 'b',
    harm: 'The end of an open session is kept from who uses it, who hears of the next one only: it waits for answers that the peer has forgotten.',
    file: endpoint,
    find: "    return wasOpen ? [{ kind: 'closed', reason }] : [];",
    replace: "    return wasOpen && reason.code === 'line-lost' ? [{ kind: 'closed', reason }] : [];",
  },
  {
    name: 'link-held-fragment-held-twice',
    author: 'b',
    harm: 'A fragment that waits behind a gap and comes once more is held once more: when the gap is closed the second one stands in the way, and nothing behind it is delivered any more.',
    sequence: 'A frame is lost, and the one behind it comes twice.',
    file: receiveQueue,
    find: 'if (start < behind || end > ahead) return',
    replace: 'if (start < behind) return',
  },
  {
    name: 'link-late-acknowledgement-not-counted-off',
    author: 'b',
    harm: 'What is acknowledged while it waits to be repeated goes on to count as lost: the sender looks for something to repeat that is not there.',
    sequence: 'An acknowledgement is late: the timer has ended, and the line has not taken the repetition yet.',
    file: sendQueue,
    find: "      if (each.state === 'lost') this.#lostCount -= 1;\n    }\n    return acknowledged;",
    replace: '    }\n    return acknowledged;',
  },
  {
    name: 'link-dropped-for-another-version',
    author: 'b',
    harm: 'An open of another version drops the link that runs: any board with other firmware that is heard on the line for a moment ends it, with what was queued.',
    file: link,
    find: "if (decoded.refusal.code === 'version-mismatch') this.#handshake.tell(nowUs);",
    replace: "if (decoded.refusal.code === 'version-mismatch') this.forget();",
  },
];
