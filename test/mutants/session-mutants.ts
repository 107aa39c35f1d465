/** Mistakes that a second host process, a spoilt block or a failed failback brings to light. */
import type { Mutant } from './mutant.js';

const answers = 'firmware-sim/controller/session-answers.ts';
const freezeTaker = 'firmware-sim/main/freeze-taker.ts';
const hostWrites = 'firmware-sim/main/host-writes.ts';
const main = 'firmware-sim/main/main-controller.ts';
const sub = 'firmware-sim/sub/sub-controller.ts';
const imageWrite = 'firmware-sim/sub/image-write.ts';

export const sessionMutants: readonly Mutant[] = [
  {
    name: 'answer-to-a-session-before',
    author: 'b',
    harm: 'What a host asked for in a session that has ended is answered in the next one, under a number that may be that of another request: digests of another volume, or a suspension that is none.',
    sequence: 'A host asks for digests and ends; the next one asks for something else under the same number.',
    file: answers,
    find: 'if (session === this.#session) this.#send(message);',
    replace: 'if (session <= this.#session) this.#send(message);',
  },
  {
    name: 'freeze-answered-to-a-session-before',
    author: 'b',
    harm: 'A freeze that outlives its session is answered in the next one: a request of the same number is taken for frozen, or a freeze for another one.',
    sequence: 'A freeze waits for a slow write; its host ends; the next one asks for something under the same number.',
    file: freezeTaker,
    find: '  sessionClosed(): void {\n    this.#requests = [];\n',
    replace: '  sessionClosed(): void {\n',
  },
  {
    name: 'freeze-names-tags-of-a-session-before',
    author: 'b',
    harm: 'A freeze names the tags of writes that an earlier process of the host has given: the host takes its own writes with these tags for included in the image.',
    sequence: 'A write of the process before is still under way when the next one writes and freezes.',
    file: hostWrites,
    find: 'const underWay = [...this.#underWay.values()].filter(({ session }) => session === hostPort.session);',
    replace: 'const underWay = [...this.#underWay.values()].filter(({ session }) => session <= hostPort.session);',
  },
  {
    name: 'freeze-names-answered-tags-of-a-session-before',
    author: 'b',
    harm: 'The tags of writes that ended in a session before are named by the next freeze: the host takes writes of its own with these tags for included.',
    edits: [
      {
        file: main,
        find: '    this.#started?.freeze.sessionClosed();\n    this.#started?.writes.forgetAnswered();\n',
        replace: '    this.#started?.freeze.sessionClosed();\n',
      },
    ],
  },
  {
    name: 'waits-outlive-their-session',
    author: 'b',
    harm: 'Who waits for a generation is answered after its session has ended, in the next one: the answer is taken for that of another request.',
    file: main,
    find: '    this.#answers.sessionClosed();\n    this.#waiters.clear();\n',
    replace: '    this.#answers.sessionClosed();\n',
  },
  {
    name: 'spoilt-block-keeps-its-whole-run',
    author: 'b',
    harm: 'One spoilt block keeps the run of sixteen that it is in from being structured: after a takeover the others cannot be given back, though they are whole.',
    file: 'firmware-sim/replica/structuring.ts',
    find: 'if (run.count > 1) {',
    replace: 'if (run.count > 16) {',
  },
  {
    name: 'spoilt-block-refuses-the-write-that-mends-it',
    author: 'b',
    harm: 'After a takeover a write that covers a block which staging has spoilt is refused, for the block cannot be applied first: the group is read-only there for good.',
    file: imageWrite,
    find: 'else if (this.#covers(piece, block)) {',
    replace: 'else if (count === 0 && this.#covers(piece, block)) {',
  },
  {
    name: 'failed-failback-leaves-main-not-ready',
    author: 'b',
    harm: 'Main gives its hosts nothing from the moment a failback is allowed: one that fails leaves it NOT READY, though it holds all that it held.',
    sequence: 'Takeover, failback; the sub is lost before it has sent its image; a host reads at main.',
    file: main,
    find: 'if (failingBack && this.#replica.structured !== this.#replica.committed) return ',
    replace: 'if (failingBack) return ',
  },
  {
    name: 'spoilt-content-told-as-aborted',
    author: 'b',
    harm: 'Content that does not match its digest ends a host’s command with TASK ABORTED: a host gives the command again for ever, and nobody learns of a bad block.',
    edits: [
      {
        file: 'firmware-sim/controller/volume-failure.ts',
        find: "  return checkCondition('unrecoveredReadError', { information: lba });\n",
        replace:
          "  return lba < 0 ? checkCondition('unrecoveredReadError', { information: lba }) : { status: 'taskAborted' };\n",
      },
    ],
  },
  {
    name: 'sub-forgets-what-failed-unheard',
    author: 'b',
    harm: 'A generation that failed while the line was down counts as committed at the sub once a newer one is: who waits for it there is told that it is an image.',
    file: sub,
    find: "this.#replica.hasMissed(of) ? 'generation-failed' : undefined",
    replace: "this.#replica.hasMissed(of) && of === 0 ? 'generation-failed' : undefined",
  },
  {
    name: 'failback-under-a-used-number',
    author: 'b',
    harm: 'Main takes the image of a failback under the number of a generation that was frozen there and failed: one number names two images.',
    file: 'firmware-sim/main/failback-receiver.ts',
    find: 'if (of > this.#core.state.lastFrozen) {',
    replace: 'if (of > 0) {',
  },
  {
    name: 'read-gives-its-first-block-from-the-start',
    author: 'b',
    harm: 'A read at main that begins in the middle of a block is given the block from its start: the right bytes from the wrong place.',
    file: 'firmware-sim/main/host-read.ts',
    find: 'const from = (this.#range.lba - this.#blocks().first * this.#core.geometry.sectorsPerBlock) * sectorBytes;',
    replace: 'const from = 0 * this.#blocks().first;',
  },
  {
    name: 'taken-over-reads-the-image-area-alone',
    author: 'b',
    harm: 'After a takeover reads look at the secondary area alone: what staging still holds of the image is old to the host there until it is structured.',
    file: 'firmware-sim/sub/image-read.ts',
    find: 'const run = overlay.nextRun(block, limit - block);',
    replace: 'const run = this.#core.state.takenOver ? undefined : overlay.nextRun(block, limit - block);',
  },
  {
    name: 'healthy-pair-taken-over-without-force',
    author: 'b',
    harm: 'A takeover without force is carried out while main is there and the pair works: both sides take writes that the other will discard.',
    file: 'firmware-sim/controller/instructions.ts',
    find: "takeover: sub(['not-ready', 'pair-healthy', ok, ok, none, none, back]),",
    replace: "takeover: sub(['not-ready', ok, ok, ok, none, none, back]),",
  },
  {
    name: 'freeze-remembered-until-the-next-one',
    author: 'b',
    harm: 'Main remembers the token of its newest freeze alone: a host that repeats the one before, whose answer was lost, gets a second generation.',
    sequence: 'Two processes of a host freeze one after the other; the first one repeats its freeze.',
    file: 'firmware-sim/main/freezes.ts',
    find: 'export const freezesRemembered = 16;',
    replace: 'export const freezesRemembered = 1;',
  },
  {
    name: 'snapshot-forgets-freezes-before',
    author: 'b',
    harm: 'The journal’s snapshot holds the newest freeze alone: after a power cut a host that repeats the one before gets a second generation.',
    file: 'firmware-sim/main/main-snapshot.ts',
    find: "  for (const each of state.freezes.all) yield { kind: 'frozenBefore', ...each };\n",
    replace: '',
  },
  {
    name: 'takeover-fails-what-the-sub-has-committed',
    author: 'b',
    harm: 'Main fails whatever is on its way when it hears of a takeover, also what the sub had committed before and tells of only now.',
    sequence: 'The line is cut before committed arrives; the sub is taken over.',
    file: 'firmware-sim/main/pair-session.ts',
    find: 'const isCommittedNow = this.#isOnItsWay(sub);',
    replace: 'const isCommittedNow = false && this.#isOnItsWay(sub);',
  },
];
