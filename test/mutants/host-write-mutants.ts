/** Mistakes of main in the ways of a host’s writes and reads: copy-before-write, deferred writes, drains. */
import type { Mutant } from './mutant.js';

const hostWrite = 'firmware-sim/main/host-write.ts';
const deferWindow = 'firmware-sim/main/defer-window.ts';
const hostRead = 'firmware-sim/main/host-read.ts';
const keeper = 'firmware-sim/main/keeper.ts';
const drainer = 'firmware-sim/main/drainer.ts';
const core = 'firmware-sim/main/main-core.ts';

export const hostWriteMutants: readonly Mutant[] = [
  {
    name: 'host-write-flushes-wrong-disk',
    author: 'a',
    foundByDemo: true,
    harm: 'A host write to the primary area flushes the shadow area: GOOD is given while the data is in the primary’s cache, and a power cut loses it.',
    file: hostWrite,
    find: 'this.#core.disks.flush(this.#core.primary(this.volume), this);',
    replace: 'this.#core.disks.flush(this.#core.shadow(this.volume), this);',
  },
  {
    name: 'deferred-without-shadow-flush',
    author: 'a',
    harm: 'The record of a deferred write is durable before its data: a power cut leaves a map entry that points at something else, and an acknowledged write is lost.',
    file: deferWindow,
    find:
      "      case 'storing':\n        this.#phase = 'flushing';\n        this.#waitingFor = 1;\n" +
      '        this.#core.disks.flush(this.#core.shadow(this.#volume), this);\n        break;\n',
    replace: "      case 'storing':\n",
  },
  {
    name: 'deferred-acknowledged-before-durable',
    author: 'a',
    harm: 'A deferred write is acknowledged while the record of its map entry is on its way: a read meanwhile gives the frozen content, and a power cut loses the write.',
    edits: [
      {
        file: deferWindow,
        find: "    this.#phase = 'recording';\n    this.#waitingFor = this.#slots.length;\n",
        replace: "    this.#phase = 'recording';\n    this.#waitingFor = 1;\n",
      },
      {
        file: deferWindow,
        find: "      this.#core.record({ kind: 'deferred', ...run, digests: part }, this);\n      done += count;\n    }\n",
        replace:
          "      this.#core.record({ kind: 'deferred', ...run, digests: part });\n      done += count;\n    }\n" +
          "    this.resume({ kind: 'look' }, this.#core.nowUs);\n",
      },
    ],
  },
  {
    name: 'change-noted-by-first-block-only',
    author: 'a',
    harm: 'A write whose first block has changed already is not noted: its other blocks are missing from the difference map, and the next image lacks them without a word.',
    sequence: 'Write block 5, then blocks 5 … 8, freeze: blocks 6 … 8 are not sent.',
    file: hostWrite,
    find: 'changed.runLengthAt(first, count) === count &&',
    replace: 'changed.has(first) &&',
  },
  {
    name: 'change-map-not-awaited',
    author: 'a',
    harm: 'Data goes to the primary area before the note of the change is durable: a power cut between them leaves changed content that no difference holds, and the sub never gets it.',
    sequence:
      'A write is flushed while its note waits for a slow meta disk; the power goes; the next generation lacks the block.',
    file: hostWrite,
    find: "    this.#core.record({ kind: 'changing', ...run }, this);\n",
    replace: "    this.#core.record({ kind: 'changing', ...run });\n    this.#look(this.#core.nowUs);\n",
  },
  {
    name: 'partial-deferred-merged-with-old',
    author: 'a',
    harm: 'A deferred write of a part of a block is merged with the primary’s frozen content: an earlier deferred write to the rest of the block is undone.',
    sequence:
      'Differential, the block not sent: write its first half, then its second half; a read gives the old first half.',
    file: deferWindow,
    find: 'state.volume(this.#volume).deferred.slotOf(first);',
    replace: 'state.volume(this.#volume).before.slotOf(first);',
  },
  {
    name: 'partial-first-block-not-kept',
    author: 'a',
    harm: 'A block of which a write changes only the end is neither kept before it is overwritten, nor drained: the image gets the newer content, or an older deferred write comes back over the new one.',
    sequence: 'Copy or streaming, after the freeze: a write that begins in the middle of a block not kept yet.',
    file: hostWrite,
    find: 'const from = Math.floor(this.#atSector / this.#core.geometry.sectorsPerBlock);',
    replace: 'const from = Math.ceil(this.#atSector / this.#core.geometry.sectorsPerBlock);',
  },
  {
    name: 'only-first-block-kept',
    author: 'a',
    harm: 'Copy-before-write looks at the first block of a write only: the others are overwritten before they are kept, and the image holds newer content.',
    file: hostWrite,
    find: 'keeper.keepFor(this.volume, first, count)',
    replace: 'keeper.keepFor(this.volume, first, 1)',
  },
  {
    name: 'shadow-full-writes-through',
    author: 'a',
    harm: 'When the shadow area is full a write to a block that is not sent goes to the primary area at once: the image gets the newer content without a word.',
    edits: [
      {
        file: hostWrite,
        find: '  #deferWindow(nowUs: number): void {',
        replace: '  #deferWindow(_nowUs: number): void {',
      },
      {
        file: hostWrite,
        find:
          '      this.#core.outgoing.hurry(this.volume, this.#window.first);\n' +
          '      this.#waitForRoom(this.#window.first, nowUs);\n      return;\n',
        replace: '      this.#writeWindow();\n      return;\n',
      },
    ],
  },
  {
    name: 'kept-without-shadow-flush',
    author: 'a',
    harm: 'The record of kept content is durable before the content: after a power cut the frozen block is lost that the host has overwritten since, and the generation fails though no disk did.',
    file: keeper,
    find:
      "      case 'writing':\n        this.#phase = 'flushing';\n        this.#waitingFor = 1;\n" +
      '        this.#core.disks.flush(this.#core.shadow(this.volume), this);\n        break;\n',
    replace: "      case 'writing':\n",
  },
  {
    name: 'gives-up-kept-content-not-sent',
    author: 'a',
    harm: 'When the shadow area has no room, kept content is given up whether the sub holds it or not: it is kept anew from what the host has written since, and the image holds newer content.',
    sequence: 'Copy with a shadow area smaller than what is written, the line slow, the host overwrites kept blocks.',
    file: core,
    find: 'if (slot === zeroSlot || !this.#isSent(volume, first)) continue;',
    replace: 'if (slot === zeroSlot) continue;',
  },
  {
    name: 'drain-without-flush',
    author: 'a',
    foundByDemo: true,
    harm: 'A deferred write is retired while its copy is in the primary’s cache: a power cut loses a write that was acknowledged long ago.',
    file: drainer,
    find:
      "      case 'writing':\n        this.#phase = 'flushing';\n" +
      '        this.#core.disks.flush(this.#core.primary(this.#volume), this);\n        break;\n',
    replace: "      case 'writing':\n",
  },
  {
    name: 'drain-locks-first-block-only',
    author: 'a',
    harm: 'A drain of several blocks has the lock of the first: a host write to one of the others meanwhile is overwritten by the older deferred content, or its own deferred entry is retired with the old one.',
    sequence: 'Blocks 1 … 4 are deferred and then sent; while they are drained the host writes block 3.',
    file: drainer,
    find: 'const range = { volume: this.#volume, first: this.#first, count: this.#count, shared: false };',
    replace:
      'const range = { volume: this.#volume, first: this.#first, count: Math.min(1, this.#count), shared: false };',
  },
  {
    name: 'drains-before-sent',
    author: 'a',
    foundByDemo: true,
    harm: 'Deferred writes go to the primary area whether their block has been sent or not: the image gets what was written after the freeze.',
    file: drainer,
    find: 'return maps.before.has(block) || !this.#core.isProtected(volume, block);',
    replace: 'return maps.newest(block) !== undefined;',
  },
  {
    name: 'drain-does-not-check-digest',
    author: 'a',
    harm: 'What the shadow area gives back is not looked at: a block that the disk has silently changed becomes the host’s data in the primary area.',
    sequence: 'The shadow disk returns a deferred block with a changed byte when it is drained.',
    file: drainer,
    find: 'const spoilt = firstSpoilt(data, run.digests, geometry.blockBytes);',
    replace: 'const spoilt = data.length === 0 ? 0 : undefined;',
  },
  {
    name: 'read-run-gives-frozen-content',
    author: 'a',
    harm: 'A read of several blocks that begins at one in the primary area takes those after it from there too: the host gets the frozen content of blocks that it has written since.',
    sequence: 'Differential, block 6 not sent: write block 6, read blocks 5 and 6 in one command.',
    file: hostRead,
    find: 'while (end < limit && maps.newest(end) === undefined) end += 1;',
    replace: 'while (end < limit && !maps.before.has(end)) end += 1;',
  },
  {
    name: 'failed-drain-tried-at-once',
    author: 'b',
    harm: 'A drain that a disk refuses is tried again at once, without an end: the controller does nothing else any more.',
    sequence: 'The primary disk refuses a write that was deferred, or the shadow disk its read.',
    file: drainer,
    find: 'if (isDrained) this.noteRest(volume, run.first, run.count);',
    replace: 'if (isDrained !== undefined) this.noteRest(volume, run.first, run.count);',
  },
];
