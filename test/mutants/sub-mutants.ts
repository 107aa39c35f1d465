/** Mistakes of the sub as the one that hosts read, take over and fail back from, and of what both controllers share. */
import type { Mutant } from './mutant.js';

const controller = 'firmware-sim/sub/sub-controller.ts';
const imageWrite = 'firmware-sim/sub/image-write.ts';

export const subMutants: readonly Mutant[] = [
  {
    name: 'image-read-ignores-later-overlay',
    author: 'a',
    harm: 'A read that begins at a structured block takes all that follows from the secondary area: it mixes the new image with the one before.',
    sequence: 'While a generation is structured, read several blocks of which the first is placed or unchanged.',
    file: 'firmware-sim/sub/image-read.ts',
    find: 'const end = run === undefined ? limit : Math.min(limit, run.first);',
    replace: 'const end = limit;',
  },
  {
    name: 'sub-comes-up-without-settling',
    author: 'b',
    harm: 'After a restart of the sub alone, what its disks hold in their caches is shown but not made durable: a disk that loses its power later gives something else than what was read.',
    sequence:
      'After a takeover: an unacknowledged host write is in the cache; the sub restarts; read; the disk loses its power.',
    edits: [
      { file: controller, find: "import { FlushAll } from '../controller/prepare-areas.js';\n", replace: '' },
      {
        file: controller,
        find: 'new FlushAll(this.disks, disks, then).start();',
        replace: 'if (disks.length > 0) then();',
      },
    ],
  },
  {
    name: 'epoch-not-raised',
    author: 'a',
    harm: 'The takeover keeps the epoch: main cannot tell that the sub has taken over, goes on taking host writes, and reports an older sub.',
    file: controller,
    find: 'epoch: epoch(this.#state.epoch + 1) },',
    replace: 'epoch: epoch(this.#state.epoch) },',
  },
  {
    name: 'takeover-drops-committed-overlay',
    author: 'a',
    harm: 'The takeover drops all of staging, what is committed and not structured too: the host gets a mixture of two images.',
    sequence: 'Takeover while the newest generation is being structured.',
    edits: [
      {
        file: controller,
        find: "import { FailbackSender } from './failback-sender.js';\n",
        replace:
          "import { StoredBlocks } from '../storage/stored-blocks.js';\nimport { FailbackSender } from './failback-sender.js';\n",
      },
      {
        file: controller,
        find: "    if (own.kind === 'prepared') this.#replica.resize(own.volumes.length);\n",
        replace:
          "    if (own.kind === 'prepared') this.#replica.resize(own.volumes.length);\n" +
          "    if (own.kind === 'tookOver') for (const each of this.#replica.volumes) each.overlay = new StoredBlocks();\n",
      },
    ],
  },
  {
    name: 'image-write-does-not-place-first',
    author: 'a',
    harm: 'A host write after a takeover does not apply what staging holds of its block: structuring then overwrites the host’s newer data.',
    sequence: 'Takeover while the newest generation is being structured; write a block that is not placed yet.',
    file: imageWrite,
    find: '    if (this.#core.receiver.structuring.placeFor(this, this.#volume, this.#unplaced, rest, atOnce)) return;\n',
    replace: '',
  },
  {
    name: 'image-write-flushes-staging',
    author: 'a',
    harm: 'A host write after a takeover flushes the staging area: it is acknowledged while it is in the secondary disk’s cache, and a power cut loses it.',
    file: imageWrite,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the source text of another file
    find: 'this.#core.disks.flush(`secondary${this.#volume}`, this);',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the source text of another file
    replace: 'this.#core.disks.flush(`staging${this.#volume}`, this);',
  },
  {
    name: 'failback-sends-only-the-subs-map',
    author: 'a',
    harm: 'A failback leaves out the blocks that only main has changed since the common image: afterwards main holds discarded writes, and the two sides differ.',
    sequence: 'Main takes writes that are never sent; takeover; failback with --discard.',
    file: 'firmware-sim/sub/failback-sender.ts',
    find: 'if (differs && block < blocks) this.#difference[volume]?.add(blockNumber(block));',
    replace:
      'const own = this.#core.state.changed[volume]?.has(block) ?? false;\n' +
      '        if (differs && own && block < blocks) this.#difference[volume]?.add(blockNumber(block));',
  },
  {
    name: 'last-short-block-outside',
    author: 'a',
    harm: 'The last block of a volume whose size is no multiple of the block counts as outside: its run is refused and sent again for ever, and no generation that changes it ends.',
    sequence: 'A volume of 1 MiB and one sector; write its last sector; freeze.',
    file: 'firmware-sim/controller/geometry.ts',
    find: 'return Math.ceil(this.bytesOf(volume) / this.blockBytes);',
    replace: 'return Math.floor(this.bytesOf(volume) / this.blockBytes);',
  },
  {
    name: 'wait-structured-answered-at-commit',
    author: 'a',
    harm: 'A host that waits until a generation is structured is answered at its commit, and finds the raw secondary area to be a mixture.',
    file: 'firmware-sim/controller/waiters.ts',
    find: "const reached = wait.target === 'committed' ? progress.committed : progress.structured;",
    replace: 'const reached = progress.committed;',
  },
  {
    name: 'foreign-area-taken',
    author: 'a',
    harm: 'A shadow or staging area of another pair is taken for this one’s: what the records say lies there does not, and the other pair’s area is overwritten.',
    sequence: 'The staging files of two pairs are exchanged between two starts.',
    file: 'firmware-sim/controller/area-stamp.ts',
    find: 'return Buffer.compare(a.pair, b.pair) === 0 && a.place === b.place',
    replace: 'return a.place === b.place',
  },
];
