/** Mistakes of main about images: freezes, difference maps, what is sent, what is found after a power cut. */
import type { Mutant } from './mutant.js';

const state = 'firmware-sim/main/main-state.ts';
const freeze = 'firmware-sim/main/freeze-taker.ts';
const controller = 'firmware-sim/main/main-controller.ts';
const session = 'firmware-sim/main/pair-session.ts';
const outgoing = 'firmware-sim/main/outgoing-image.ts';
const pairing = 'firmware-sim/main/pairing.ts';

const freezeMutants: readonly Mutant[] = [
  {
    name: 'freeze-answered-before-durable',
    author: 'a',
    foundByDemo: true,
    harm: 'The host is told of a generation whose record is on its way: after a power cut it does not exist, and the next freeze gives its number to another image.',
    file: freeze,
    find: "    this.#core.record({ kind: 'frozen', generation, full, token: this.#token, included: this.#included }, this);\n",
    replace:
      "    this.#core.record({ kind: 'frozen', generation, full, token: this.#token, included: this.#included }, this);\n" +
      '    const answer = { epoch: state.epoch, generation, included: this.#included };\n' +
      "    for (const request of this.#requests.splice(0)) this.#answer({ kind: 'frozen', request, ...answer });\n",
  },
  {
    name: 'freeze-does-not-wait-for-writes',
    author: 'a',
    foundByDemo: true,
    harm: 'The image is fixed while writes that had arrived are half in the primary area: it holds a part of a write that the answer names as included, or loses it.',
    sequence: 'A write of several blocks is on its way to the disk when the freeze comes.',
    file: controller,
    find: 'if (writes.idle) freeze.drained();',
    replace: 'freeze.drained();',
  },
  {
    name: 'write-after-freeze-in-image',
    author: 'a',
    foundByDemo: true,
    harm: 'Writes that arrive after the freeze go on as long as older ones are under way: they are in an image that must not hold them, and a busy host puts the freeze off for ever.',
    sequence: 'A slow write is under way; freeze; another write; the image holds it.',
    file: freeze,
    find: "    if (this.#phase === 'none') return false;\n",
    replace: "    if (this.#phase !== 'recording') return false;\n",
  },
  {
    name: 'freeze-record-does-not-hold-writes',
    author: 'a',
    harm: 'A write that arrives while the record of the freeze is on its way is let through: the block is not protected yet, and the image gets the newer content.',
    sequence:
      'Block 5 has changed, so nothing has to be noted for it; freeze; while the meta disk writes the record, a write to block 5 goes to the primary area.',
    file: freeze,
    find: "    if (this.#phase === 'none') return false;\n",
    replace: "    if (this.#phase !== 'draining') return false;\n",
  },
  {
    name: 'freeze-does-not-settle-failed-writes',
    author: 'b',
    harm: 'A freeze takes what a failed host write left in the primary’s cache into the image: when the disk loses it, the two sides differ and no difference holds the block.',
    sequence: 'The flush of a host write fails; freeze; commit; the disk loses its power.',
    file: freeze,
    find: 'else if (this.#core.unsettled.size > 0) this.#settle();',
    replace: 'else if (this.#core.unsettled.size > 8) this.#settle();',
  },
  {
    name: 'freeze-token-only-in-memory',
    author: 'a',
    harm: 'After a power cut a host that repeats its freeze, because the answer was lost, gets a second generation, or is refused, instead of the answer to the first.',
    file: freeze,
    find: 'return this.#isUnderWay(token) || this.#core.state.freezes.madeBy(token) !== undefined;',
    replace:
      'return this.#isUnderWay(token) || (this.#core.state.lastFrozen > 0 && sameDigest(token, this.#token) && token.some((byte) => byte !== 0));',
  },
];

const mapMutants: readonly Mutant[] = [
  {
    name: 'failed-generation-number-reused',
    author: 'a',
    harm: 'The number of a failed generation is given to the next one: `wait` for it ends with the old failure, and what the sub still holds staged of the old one counts for the new.',
    file: state,
    find: '    this.reason = reason;\n',
    replace: '    this.reason = reason;\n    this.lastFrozen = this.committed;\n',
  },
  {
    name: 'failed-map-not-merged-back',
    author: 'a',
    harm: 'The difference of a failed generation is forgotten: after resync the next image lacks its blocks without a word.',
    file: state,
    find: '    for (const volume of this.volumes) volume.changed.addAll(volume.frozenChanges);\n',
    replace: '',
  },
  {
    name: 'commit-clears-newer-changes',
    author: 'a',
    foundByDemo: true,
    harm: 'The commit clears the whole difference map: blocks that the host wrote during the transfer are missing from the next image.',
    file: state,
    find: "    if (this.pairState === 'COPY' || this.pairState === 'SMPL') this.pairState = 'PAIR';\n    this.#endTransfer();\n",
    replace:
      "    if (this.pairState === 'COPY' || this.pairState === 'SMPL') this.pairState = 'PAIR';\n" +
      '    for (const volume of this.volumes) volume.changed = new BlockSet();\n    this.#endTransfer();\n',
  },
  {
    name: 'difference-cleared-at-complete',
    author: 'a',
    harm: 'The difference is let go when complete is sent: if the sub does not commit and the generation fails, its blocks are in no later image.',
    sequence:
      'All is sent, complete is on its way; the shadow disk fails a drain, or the sub gives the generation up; resync, freeze.',
    edits: [
      {
        file: session,
        find: "import { StepwiseSummary } from '../replica/summary.js';\n",
        replace:
          "import { StepwiseSummary } from '../replica/summary.js';\nimport { BlockSet } from '../storage/block-set.js';\n",
      },
      {
        file: session,
        find: '    this.#completing = transfer.generation;\n',
        replace:
          '    this.#completing = transfer.generation;\n' +
          '    for (const maps of state.volumes) maps.frozenChanges = new BlockSet();\n',
      },
    ],
  },
  {
    name: 'allocated-since-freeze-forgotten',
    author: 'a',
    foundByDemo: true,
    harm: 'Blocks first written during a transfer are not noted as allocated when it ends: every later full image (copy, or after resync with an older sub) lacks them.',
    file: state,
    find: '      volume.allocated.addAll(volume.allocatedSince);\n',
    replace: '',
  },
  {
    name: 'snapshot-forgets-older-deferred',
    author: 'a',
    harm: 'The journal’s snapshot leaves out what was deferred before the newest freeze: after a power cut those acknowledged writes are gone.',
    sequence:
      'Deferred writes of generation g are not drained when g+1 is frozen; a snapshot of the records is written; the power goes before they are drained.',
    file: 'firmware-sim/main/main-snapshot.ts',
    find: "  for (const run of maps.before.runs()) yield { kind: 'deferredBefore', volume, ...run };\n",
    replace: '',
  },
  {
    name: 'recovery-forgets-older-deferred-slots',
    author: 'a',
    harm: 'At power on the slots of older deferred writes count as free: a new deferred write takes one, and an acknowledged write is lost.',
    sequence: 'As with the snapshot, then a power cut, then a write to a block that is not sent.',
    file: controller,
    find: '[maps.kept, maps.deferred, maps.before, staged, overlay]',
    replace: '[maps.kept, maps.deferred, staged, overlay]',
  },
  {
    name: 'undrained-writes-dropped-at-freeze',
    author: 'a',
    harm: 'What a failed generation left undrained is let go at the next freeze: acknowledged writes are lost.',
    sequence:
      'Generation g is frozen while older deferred writes are undrained, and fails; resync; freeze g+1 before the drains have come to their end.',
    file: state,
    find:
      '        const digest = digestsAt(run.digests, index);\n' +
      '        if (!volume.before.has(run.first + index)) volume.before.set(run.first + index, 1, slot, digest);\n' +
      '        else if (slot !== zeroSlot)',
    replace: '        if (slot !== zeroSlot)',
  },
];

const sendMutants: readonly Mutant[] = [
  {
    name: 'sent-when-handed-to-the-link',
    author: 'a',
    harm: 'A block counts as sent when its message is queued: its frozen content is let go, and after a lost line or a power cut of the sub the generation fails with frozen-content-lost.',
    sequence:
      'Differential: a block is queued, the host writes it, the write goes to the primary area; the line is lost for good; a new session opens.',
    file: 'firmware-sim/replica/sender.ts',
    find: '    this.sentBytes += data.length;\n',
    replace: "    this.sentBytes += data.length;\n    this.stored({ kind: 'stored', generation, runs: [run] });\n",
  },
  {
    name: 'stream-overwrite-not-noticed',
    author: 'a',
    harm: 'A block that the host overwrites while its older content is on its way to the sub counts as sent when that is stored: the image holds the older content, and every digest agrees.',
    sequence:
      'Streaming, the line slow: write block 5, it is sent; write block 5 again before `stored` has come; freeze.',
    file: 'firmware-sim/main/main-core.ts',
    find: "this.state.transfer === undefined ? 'sent' : 'reading'",
    replace: "'reading'",
  },
  {
    name: 'stream-record-race',
    author: 'a',
    harm: 'A write that comes while the record that its block is at the sub is on its way notes nothing: the record makes the block count as sent with its older content, which the image then holds.',
    sequence:
      'Streaming: `stored` for block 5 arrives; while the meta disk writes the record, the host writes block 5; freeze.',
    file: 'firmware-sim/main/host-write.ts',
    find: ' &&\n      !this.#core.outgoing.isRecording(this.volume, first, count);',
    replace: ';',
  },
  {
    name: 'sends-before-older-deferred-is-drained',
    author: 'a',
    harm: 'A block is sent from the primary area while the write that belongs to the image still lies in the shadow area: the image lacks a write acknowledged before the freeze.',
    sequence:
      'Differential: a write is deferred during g; g commits; freeze g+1 at once, before the drain; the block is sent first.',
    file: outgoing,
    find: 'this.#core.isProtected(volume, block) && !state.volume(volume).before.has(block);',
    replace: 'this.#core.isProtected(volume, block);',
  },
  {
    name: 'lost-block-patched-with-newer',
    author: 'a',
    harm: 'A block that the sub lost is sent again from the primary area although the host has overwritten it there: the image is patched with newer content, and every digest agrees.',
    sequence:
      'A block is sent, the host overwrites it; the sub’s areas are put back to before it was staged, in the same transfer; the session opens again.',
    file: session,
    find: 'maps.changed.has(block) && !this.#core.isKept(number, block);',
    replace: 'maps.deferred.has(block) && !this.#core.isKept(number, block);',
  },
  {
    name: 'commit-digest-not-compared',
    author: 'a',
    harm: 'A sub with another image of the same number (restored, or not whole) is taken for equal: a difference goes on top of it instead of a full copy.',
    sequence:
      'Structuring fails on a spoilt staging block, so the sub names no digest; resync; no full copy follows and its image is never mended.',
    file: pairing,
    find: 'sub.committed === state.committed && sameDigest(sub.commitDigest, state.commitDigest);',
    replace: 'sub.committed === state.committed;',
  },
  {
    name: 'commit-not-recognised-afterwards',
    author: 'a',
    harm: 'A commit that main has not heard of when the session ends is not recognised in the next one: main goes on with a generation that the sub has closed, and it hangs or fails although it is the image.',
    sequence: 'The sub commits; the power of main, or the line for good, goes before `committed` has arrived.',
    file: pairing,
    find: "  if (sub.committed === state.transfer?.generation) return 'on its way';\n",
    replace: '',
  },
  {
    name: 'main-writes-after-takeover',
    author: 'a',
    harm: 'Main takes host writes although it knows that the sub has taken over: two hosts write two volumes that are one pair.',
    file: 'firmware-sim/controller/instructions.ts',
    find: "write: main([ok, ok, ok, ok, 'taken-over', back]),",
    replace: 'write: main([ok, ok, ok, ok, ok, back]),',
  },
  {
    name: 'recovery-does-not-settle-primary',
    author: 'a',
    harm: 'After a restart of main alone, what the primary disks hold in their caches is read and sent, but not made durable: when such a disk loses its power later, the volume differs from the image and nobody knows.',
    sequence:
      'An unacknowledged write is in the cache; main restarts, the disk does not; freeze, commit; the disk loses its power.',
    file: controller,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the source text of another file
    find: '[`primary${volume}`, `shadow${volume}`]',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the source text of another file
    replace: '[`shadow${volume}`]',
  },
];

export const imageMutants: readonly Mutant[] = [...freezeMutants, ...mapMutants, ...sendMutants];
