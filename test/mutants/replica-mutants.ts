/** Mistakes of the side that receives an image: staging, commit, structuring; and of compressed runs on their way there. */
import type { Mutant } from './mutant.js';

const stageRun = 'firmware-sim/replica/stage-run.ts';
const placeRun = 'firmware-sim/replica/place-run.ts';
const receiver = 'firmware-sim/replica/receiver.ts';
const structuring = 'firmware-sim/replica/structuring.ts';
const state = 'firmware-sim/replica/replica-state.ts';
const inflate = 'protocol/compression/inflate.ts';

const stagingMutants: readonly Mutant[] = [
  {
    name: 'staged-without-flush',
    author: 'a',
    harm: 'Blocks are recorded and acknowledged as stored while they are in the staging disk’s cache: after a power cut the commit has nothing behind it, and main has let the content go.',
    file: stageRun,
    find:
      "    if (this.#phase === 'writing') {\n      this.#phase = 'flushing';\n      this.#waitingFor = 1;\n" +
      '      this.#receiver.board.disks.flush(this.#receiver.staging(this.arrived.volume), this);\n' +
      "    } else if (this.#phase === 'flushing') this.#record();\n",
    replace: "    if (this.#phase === 'writing' || this.#phase === 'flushing') this.#record();\n",
  },
  {
    name: 'staging-write-error-ignored',
    author: 'a',
    harm: 'A write to staging that failed counts as done: the generation is committed, and cannot be structured.',
    file: stageRun,
    find: "  resume(outcome: Outcome): void {\n    if (outcome.kind === 'failed') this.#failed = true;\n",
    replace: '  resume(_outcome: Outcome): void {\n',
  },
  {
    name: 'holdings-before-staging-settles',
    author: 'a',
    harm: 'Holdings are told while runs of an earlier session are on their way into staging: an older content of a block is recorded after the newer one, and the generation fails at complete.',
    sequence:
      'Streaming: the staging disk is BUSY with block 5; the session opens anew; the host has written block 5 again, it is sent and staged; the first run is recorded last.',
    file: receiver,
    find: 'if (this.#holdingsAsked === undefined || this.#staging > 0 || this.#order.waiting > 0) return;',
    replace: 'if (this.#holdingsAsked === undefined) return;',
  },
  {
    name: 'old-session-runs-acknowledged',
    author: 'a',
    harm: 'A run of the session before is acknowledged in the new one, where main has given its number to other blocks: they count as stored and are not.',
    sequence:
      'The staging disk is BUSY with run 3; main loses its power and sends other blocks as run 3; the old run 3 is acknowledged; the power of the sub goes.',
    edits: [
      {
        file: receiver,
        find: 'if (this.#holdingsAsked === undefined || this.#staging > 0 || this.#order.waiting > 0) return;',
        replace: 'if (this.#holdingsAsked === undefined) return;',
      },
      {
        file: receiver,
        find: '  staged({ run, session, parts }: ArrivedRun): void {',
        replace: '  staged({ run, parts }: ArrivedRun): void {',
      },
      {
        file: receiver,
        find: 'if (session === this.#session && (parts?.left ?? 0) === 0) this.#stored.push(run);',
        replace: 'if ((parts?.left ?? 0) === 0) this.#stored.push(run);',
      },
    ],
  },
  {
    name: 'late-run-staged-for-wrong-generation',
    author: 'a',
    harm: 'A run of a generation that was given up is recorded for the one that has begun since: its blocks are in staging, and the new generation fails at complete, or holds older content.',
    sequence: 'A run of g waits for a BUSY staging disk; g fails; g+1 begins; the run is recorded.',
    file: state,
    find: 'if (this.receiving?.generation === record.generation) this.#stage(record);',
    replace: 'if (this.receiving !== undefined) this.#stage(record);',
  },
  {
    name: 'restaged-run-leaks-slots',
    author: 'a',
    harm: 'When a run of blocks is staged again only the first block’s old slot is given back: a streaming pair whose host writes the same blocks again and again ends with staging-full.',
    file: state,
    find: 'this.#freeRange(staged, volume, run.first, run.count);',
    replace: 'this.#freeRange(staged, volume, run.first, 1);',
  },
  {
    name: 'dropped-staging-map-kept',
    author: 'a',
    harm: 'Staging that is dropped gives its slots back but keeps its map: blocks of the failed generation are part of the next one, and their slots are given out twice.',
    file: state,
    find:
      '      for (const run of volume.staged.runs()) this.#free(number, run.slot, run.count);\n' +
      '      volume.staged = new StoredBlocks();\n',
    replace: '      for (const run of volume.staged.runs()) this.#free(number, run.slot, run.count);\n',
  },
  {
    name: 'sub-recovery-forgets-overlay-slots',
    author: 'a',
    harm: 'At power on the slots of committed blocks that are not structured count as free: blocks of the next generation overwrite them.',
    sequence: 'The power of the sub goes while it structures; main sends the next generation at once.',
    file: 'firmware-sim/sub/sub-controller.ts',
    find: '[staged, overlay]);',
    replace: '[staged, overlay].slice(0, 1));',
  },
];

const commitMutants: readonly Mutant[] = [
  {
    name: 'generation-digest-leaves-out-zeros',
    author: 'b',
    harm: 'The digest of a generation leaves out blocks of zeros, as the digest of a range does: a run of zeros that went to another place is committed there, and the blocks that it was meant for keep their old content.',
    file: 'protocol/digest.ts',
    find: '    const isZeros = sameDigest(digest, zeroDigest);\n',
    replace: '    const isZeros = sameDigest(digest, zeroDigest);\n    if (isZeros) return;\n',
  },
  {
    name: 'complete-digest-not-compared',
    author: 'a',
    harm: 'Complete is believed when its counts agree: staging that holds other content than main sent is committed.',
    sequence:
      'A main of somebody else’s says complete with another digest; or any mistake that leaves older content in staging.',
    edits: [
      { file: receiver, find: '#agrees({ blocks, zeroBlocks, digest }:', replace: '#agrees({ blocks, zeroBlocks }:' },
      {
        file: receiver,
        find: 'held.zeroBlocks === zeroBlocks && sameDigest(held.digest, digest);',
        replace: 'held.zeroBlocks === zeroBlocks;',
      },
    ],
  },
  {
    name: 'structuring-before-commit',
    author: 'a',
    harm: 'Structuring starts when complete agrees, while the record of the commit is on its way: after a power cut the secondary area is the old image with new blocks in it.',
    edits: [
      {
        file: receiver,
        find: '    this.#committing = complete;\n',
        replace:
          '    this.#committing = complete;\n    this.structuring.begin();\n    this.structuring.isEarly = true;\n',
      },
      {
        file: structuring,
        find: '  damaged = false;\n\n  constructor',
        replace: '  damaged = false;\n  isEarly = false;\n\n  constructor',
      },
      { file: structuring, find: '  begin(): void {\n', replace: '  begin(): void {\n    this.isEarly = false;\n' },
      {
        file: structuring,
        find: '      const run = this.state.volume(volume).overlay.nextRun(block, placeBlocksMax);\n',
        replace:
          '      const { staged, overlay } = this.state.volume(volume);\n' +
          '      const run = (this.isEarly ? staged : overlay).nextRun(block, placeBlocksMax);\n',
      },
    ],
  },
  {
    name: 'commit-over-unplaced-overlay',
    author: 'a',
    harm: 'A generation is committed while the one before is being structured: blocks of that one which the new one does not carry are lost, and the image is a mixture.',
    sequence: 'The secondary disk is slow; g commits, g+1 is small and complete before g is structured.',
    file: receiver,
    find: '    if (this.state.overlaid > 0 && !(this.structuring.isFailed && receiving?.full)) return;\n',
    replace: '',
  },
  {
    name: 'replica-snapshot-forgets-overlay',
    author: 'a',
    harm: 'The journal’s snapshot leaves out what is committed and not structured: after a power cut those blocks show the generation before.',
    sequence: 'A snapshot of the records is written while a generation is structured; the power of the sub goes.',
    file: state,
    find: "      for (const run of each.overlay.runs()) yield { kind: 'overlaid', volume, ...run };\n",
    replace: '',
  },
  {
    name: 'first-full-copy-trusts-blank-disk',
    author: 'a',
    harm: 'The first full copy takes the secondary area for blank: blocks that main never wrote keep what the disk held before.',
    sequence: 'A sub with a new meta area and a used secondary disk joins a pair.',
    file: state,
    find: 'const full = this.receiving?.full ?? false;',
    replace: 'const full = this.receiving?.full === true && this.committed > 0;',
  },
];

const placingMutants: readonly Mutant[] = [
  {
    name: 'placed-without-flush',
    author: 'a',
    foundByDemo: true,
    harm: 'A block counts as structured and its staging slot is free while it is in the secondary disk’s cache: a power cut leaves the old content with no copy of the new.',
    file: placeRun,
    find:
      "      case 'writing':\n        this.#phase = 'flushing';\n" +
      '        this.#structuring.board.disks.flush(this.#structuring.image(this.volume), this);\n        break;\n',
    replace: "      case 'writing':\n",
  },
  {
    name: 'slot-free-before-placed-is-durable',
    author: 'a',
    harm: 'A staging slot is given back before the record that its block is placed: another block overwrites it, and after a power cut the redo copies that one, or finds it corrupt.',
    sequence:
      'The next generation is arriving while one is structured, staging is nearly full, the meta disk slow; the power goes.',
    edits: [
      {
        file: placeRun,
        find: "        this.#phase = 'recording';\n",
        replace:
          "        this.#phase = 'recording';\n        if (this.run.slot !== zeroSlot) {\n" +
          '          const { slot: first, count } = this.run;\n' +
          '          this.#structuring.state.freed.push({ volume: this.volume, first, count });\n        }\n',
      },
      {
        file: state,
        find: '      this.#free(number, run.slot, run.count);\n    }\n    volume.overlay.delete(first, count);\n',
        replace: '    }\n    volume.overlay.delete(first, count);\n',
      },
    ],
  },
  {
    name: 'zero-block-not-written',
    author: 'a',
    harm: 'A block of zeros is taken for one that was never written, and structuring leaves it out: the secondary area keeps the old data there.',
    file: placeRun,
    find:
      '    const { first, count, slot } = this.run;\n    if (slot === zeroSlot) {\n' +
      "      this.#phase = 'writing';\n" +
      '      board.disks.issue(image(this.volume), geometry.zeroVolume(this.volume, first, count), this);\n',
    replace:
      '    const { count, slot } = this.run;\n    if (slot === zeroSlot) {\n' +
      "      this.#phase = 'flushing';\n      board.disks.flush(image(this.volume), this);\n",
  },
  {
    name: 'structured-though-a-block-failed',
    author: 'a',
    harm: 'Structuring counts as ended when nothing is under way, though a block could not be placed: host and main are told that the raw secondary area equals the generation.',
    sequence: 'The staging disk returns one committed block spoilt.',
    file: structuring,
    find:
      '    const { committed, structured, overlaid } = this.state;\n' +
      '    if (structured === committed || overlaid > 0 || ',
    replace: '    const { committed, structured } = this.state;\n    if (structured === committed || ',
  },
];

const compressionMutants: readonly Mutant[] = [
  {
    name: 'inflated-into-one-buffer',
    author: 'b',
    harm: 'Every compressed run is inflated into the same buffer: the next one overwrites it while its write to staging waits for the disk, and staging holds other content than its records say.',
    sequence: 'Two compressed runs arrive shortly after one another, and the staging disk takes a while.',
    edits: [
      {
        file: inflate,
        find: '/** What a stream has to be. */\n',
        replace: 'const room = new Uint8Array(2 ** 20);\n\n/** What a stream has to be. */\n',
      },
      {
        file: inflate,
        find: '  stream.output = new Uint8Array(contentBytes);\n',
        replace: '  stream.output = room.subarray(0, contentBytes);\n',
      },
    ],
  },
  {
    name: 'early-compressed-run-taken-for-zeros',
    author: 'b',
    harm: 'A run that came before the beginning of its generation was durable is blocks or zeros, as before there were compressed ones: compressed blocks become zeros, and the generation fails at its complete.',
    sequence: 'Main begins a generation in a session that has just opened; the sub’s meta disk is slow.',
    file: receiver,
    find: "      else if (run.kind === 'compressedRun') this.compressedRun(run);\n      else if (run.kind === 'heldRun') this.heldRun(run);\n",
    replace:
      "      else if (run.kind === 'heldRun') this.heldRun(run);\n      else if (run.kind === 'compressedRun')\n        this.zeroRun({ ...run, kind: 'zeroRun' });\n",
  },
];

const heldMutants: readonly Mutant[] = [
  {
    name: 'held-run-digest-not-compared',
    author: 'b',
    harm: 'The sub takes whatever its image has at the place of a run that is named: older content goes into the new image, and is found out at complete at the earliest.',
    sequence: 'A block changes between two images of a pair of method copy.',
    file: 'firmware-sim/replica/held-run.ts',
    find: '    return sameDigest(runDigest(digests), digest) ? ',
    replace: '    return sameDigest(runDigest(digests), digest) || digests.length > 0 ? ',
  },
  {
    name: 'held-run-left-in-the-image',
    author: 'b',
    harm: 'A run that the image holds is not staged, since it is there already: the counts and digests of complete miss it, and the generation fails however often it is sent.',
    sequence: 'Two images of a pair of method copy, one after the other.',
    file: receiver,
    find: '    if (arrived !== undefined) this.#stageFound(arrived);\n',
    replace: '    if (arrived !== undefined) this.#stored.push(run);\n',
  },
  {
    name: 'not-held-counts-as-sent',
    author: 'b',
    harm: 'A block that the receiver does not hold counts as sent once it was named: it never travels, and the generation fails at complete.',
    sequence: 'A block changes between two images.',
    file: 'firmware-sim/replica/sender.ts',
    find: '    run.outgoing.returned(run.volume, run.first, run.count);\n  }\n\n  /** Whether the receiver refused',
    replace:
      '    if (run.offered && run.count === 1) run.outgoing.stored(run.volume, run.first, run.count, run.digests);\n' +
      '    else run.outgoing.returned(run.volume, run.first, run.count);\n  }\n\n  /** Whether the receiver refused',
  },
];

export const replicaMutants: readonly Mutant[] = [
  ...stagingMutants,
  ...commitMutants,
  ...placingMutants,
  ...compressionMutants,
  ...heldMutants,
];
