/** Mistakes in firmware-sim/storage/: journal, disk queue, locks. */
import type { Mutant } from './mutant.js';

const journal = 'firmware-sim/storage/journal.ts';
const format = 'firmware-sim/storage/journal-format.ts';
const recovery = 'firmware-sim/storage/journal-recovery.ts';
const queue = 'firmware-sim/storage/disk-queue.ts';
const locks = 'firmware-sim/storage/range-locks.ts';

export const storageMutants: readonly Mutant[] = [
  {
    name: 'journal-without-fua',
    author: 'a',
    harm: 'Records count as durable while they are in the meta disk’s cache: a power cut loses freezes, commits and deferred writes that were acknowledged.',
    file: journal,
    find: 'data, fua: true }, this);',
    replace: 'data, fua: false }, this);',
  },
  {
    name: 'journal-batch-check-not-looked-at',
    author: 'a',
    harm: 'A batch of several sectors that a power cut tore is taken: garbage among the records, and the controller halts for good with records-corrupt, or half of a batch counts.',
    sequence:
      'Many records share a batch of more than one sector; the power goes while it is written; its first sector and not all of the others survive.',
    file: format,
    find: 'if (batch.length < end || crc32(batch.subarray(headerBytes, end)) !== header.payloadCheck) return undefined;',
    replace: 'if (batch.length < end) return undefined;',
  },
  {
    name: 'journal-checkpoint-not-compared',
    author: 'a',
    harm: 'What an older use of the same half left behind counts as its newest records: an old state comes back, or the controller halts with records-corrupt, after a plain power cut.',
    sequence:
      'Half 0 held checkpoint 1 with some batches; checkpoint 2 goes to half 1, checkpoint 3 to half 0 again with a snapshot as long as that of checkpoint 1; the power goes: batch 1 of checkpoint 1 stands right behind.',
    file: recovery,
    find: '      header.checkpoint === expect.checkpoint &&\n',
    replace: '',
  },
  {
    name: 'journal-hole-not-noticed',
    author: 'a',
    harm: 'A batch in the middle that has gone bad, or was never written, ends the records silently: everything after it is forgotten though it was acknowledged.',
    sequence: 'The meta disk loses or spoils one batch of several; the controller restarts; later batches are whole.',
    file: recovery,
    find: 'if (header !== undefined && this.#ofThisHalf(header)) return true;',
    replace: 'if (header !== undefined && header.sequence === this.#sequence && this.#ofThisHalf(header)) return true;',
  },
  {
    name: 'journal-retires-before-snapshot',
    author: 'a',
    harm: 'The old half is retired before the new one is whole: a power cut during a snapshot leaves no records at all, and the controller halts.',
    edits: [
      {
        file: journal,
        find: "    this.#phase = 'snapshotting';\n    this.#writeSnapshotPart();\n",
        replace: '    this.#retire(this.#oldHalf);\n',
      },
      {
        file: journal,
        find: "    if (phase === 'snapshotting') {\n      this.#partsSince += 1;\n",
        replace:
          "    if (phase === 'retiring' && this.#snapshot.length > 0) {\n      this.#retired(nowUs);\n" +
          "      this.#phase = 'snapshotting';\n      this.#writeSnapshotPart();\n      return;\n    }\n" +
          "    if (phase === 'snapshotting') {\n      this.#partsSince += 1;\n",
      },
      {
        file: journal,
        find: '    if (this.#oldHalf !== undefined) this.#retire(this.#oldHalf);\n',
        replace: "    this.#phase = 'idle';\n    this.#advance();\n",
      },
    ],
  },
  {
    name: 'journal-records-beside-a-snapshot-not-in-it',
    author: 'b',
    harm: 'Records that were made durable while a snapshot was being written are in the old half only: when that is retired, they never happened.',
    file: journal,
    find: '    for (const { encoded } of this.#inFlight) this.#snapshot.push(encoded);\n',
    replace: '',
  },
  {
    name: 'journal-snapshot-over-live-half',
    author: 'a',
    harm: 'A snapshot is written over the records that it replaces: a power cut in the middle of it leaves neither, and the controller halts.',
    sequence:
      'A snapshot of more than one sector begins (at a small growth limit, or formatting); the power goes while it is written.',
    edits: [
      { file: journal, find: 'half: half === 0 ? 1 : 0, checkpoint:', replace: 'half, checkpoint:' },
      {
        file: journal,
        find: 'this.#writeAt(half, 0, encodeBatch(place, []));',
        replace: 'this.#writeAt(half, this.#halfSectors - 1, encodeBatch(place, []));',
      },
    ],
  },
  {
    name: 'journal-retires-wrong-sector',
    author: 'a',
    harm: 'The mark that retires the old half goes to its end: when the newer half cannot be read, the older one counts again without a word, and freezes, commits and deferred writes since then never happened.',
    sequence:
      'A snapshot has begun the other half and records follow it; its first sector goes bad; the controller restarts.',
    file: journal,
    find: 'this.#writeAt(half, 0, encodeBatch(place, []));',
    replace: 'this.#writeAt(half, this.#halfSectors - 1, encodeBatch(place, []));',
  },
  {
    name: 'journal-snapshot-whole-after-its-first-batch',
    author: 'b',
    harm: 'Each batch of a snapshot is marked as its last one: a power cut in the middle of a snapshot leaves a part of the state, and the rest is gone without a word.',
    sequence: 'A snapshot takes several batches; the power goes between two of them.',
    file: journal,
    find: "this.#write(this.#snapshot.length === 0 ? 'snapshotEnd' : 'snapshot', part);",
    replace: "this.#write('snapshotEnd', part);",
  },
  {
    name: 'flush-shared-with-one-under-way',
    author: 'a',
    foundByDemo: true,
    harm: 'Who asks for a flush while one is under way is told with that one: its write came after the flush had left, is acknowledged, and a power cut loses it.',
    sequence:
      'Two host writes at once; the flush of the first is under way when the second is in the cache; both get GOOD with the first flush; the power goes.',
    file: queue,
    find: '    state.waiting.push(operation);\n    if (state.flushing === undefined) this.#startFlush(disk, state);\n',
    replace:
      '    if (state.flushing !== undefined) {\n      state.flushing.push(operation);\n      return;\n    }\n' +
      '    state.waiting.push(operation);\n    this.#startFlush(disk, state);\n',
  },
  {
    name: 'flush-covers-writes-in-flight',
    author: 'a',
    harm: 'A write that ended after a flush was issued counts as covered by it: when the disk then loses its cache, the write is not issued again, and is acknowledged with the next flush.',
    sequence:
      'Flush for write A is issued while write B is on its way; B ends after the flush; the disk loses its power; B’s own flush meets the unit attention, nothing is written again, GOOD.',
    file: 'firmware-sim/storage/cached-writes.ts',
    find: '    this.#covered = [...this.#writes.keys()].filter((each) => !except.has(each));\n',
    replace: '    this.#covered = [...this.#writes.keys()].filter(() => except.size >= 0);\n',
  },
  {
    name: 'flush-error-taken-for-success',
    author: 'a',
    harm: 'Nobody looks at how SYNCHRONIZE CACHE ended: writes count as durable that the disk could not destage.',
    sequence: 'A flush ends with a medium error three times; the host gets GOOD; the power goes.',
    file: queue,
    find: 'for (const each of covered) this.#flushed(each, state, outcome, nowUs);',
    replace:
      "for (const each of covered) this.#flushed(each, state, { kind: 'done', data: new Uint8Array(0) }, nowUs);",
  },
  {
    name: 'disk-power-loss-ignored',
    author: 'a',
    harm: 'The wrong additional sense code is looked for: after a disk’s own power loss the writes that were in its cache are not issued again, and the next flush makes them count.',
    sequence:
      'A write is in the disk’s cache; the disk alone loses its power; the flush meets 29h/00h, is repeated, GOOD.',
    file: queue,
    find: 'if (asc === 0x29) this.#writeAgain(pending);',
    replace: 'if (asc === 0x28) this.#writeAgain(pending);',
  },
  {
    name: 'busy-not-retried',
    author: 'a',
    harm: 'A disk that is BUSY for a moment counts as failed: host writes end with errors, the pair is suspended, or the controller halts because its records could not be written.',
    file: queue,
    find: "if (completion.status === 'busy' || completion.status === 'taskSetFull') {",
    replace: "if (completion.status === 'taskSetFull') {",
  },
  {
    name: 'retry-loses-fua',
    author: 'a',
    harm: 'A batch of records that met BUSY is repeated without FUA: it counts as durable in the cache, and a power cut makes it undone.',
    file: queue,
    find: 'this.#paused.push({ atUs: nowUs + busyPauseUs, pending });',
    replace:
      "const again = pending.command.op === 'write' && pending.command.fua === true;\n" +
      '      const command = again ? { ...pending.command, fua: false } : pending.command;\n' +
      '      this.#paused.push({ atUs: nowUs + busyPauseUs, pending: { ...pending, command } });',
  },
  {
    name: 'retry-at-the-reported-lba',
    author: 'a',
    harm: 'After a medium error the whole write is repeated at the LBA that the sense data names, not where it belongs: its blocks stay old, and others are overwritten.',
    sequence: 'A write of several sectors ends with WRITE ERROR whose INFORMATION field names a sector in its middle.',
    file: queue,
    find: '    if (worthIt) this.#send(pending);\n',
    replace:
      '    const at = completion.sense.information;\n' +
      "    const moved = at !== undefined && (pending.command.op === 'write' || pending.command.op === 'read');\n" +
      '    if (worthIt) this.#send(moved ? { ...pending, command: { ...pending.command, lba: at } } : pending);\n',
  },
  {
    name: 'range-lock-readers-never-wait',
    author: 'a',
    harm: 'Readers and writers of the same blocks do not wait for each other: a read meets a block half structured, or a slot of the shadow area that has been drained and given to another block.',
    file: locks,
    find: '!(a.shared && b.shared)',
    replace: '!(a.shared || b.shared)',
  },
  {
    name: 'range-lock-wakes-all',
    author: 'a',
    harm: 'When a range is given back, all who wait for it go on at once: two host writes, or a write and a drain, change the same block together, and the older may end on top of the newer.',
    sequence: 'Three writes of one block: the first holds it, the others wait; the first ends and both others hold it.',
    file: locks,
    find: 'return this.#claims.slice(0, index).some((other) => conflict(other, claim));',
    replace: 'return this.#claims.slice(0, index).some((other) => other.granted && conflict(other, claim));',
  },
  {
    name: 'busy-pause-drawn-by-chance',
    author: 'b',
    harm: 'The pause before a busy disk is asked again is drawn by chance: no run of this firmware can be repeated, so nothing that is found in one can be looked at.',
    file: 'firmware-sim/storage/disk-queue.ts',
    find: 'atUs: nowUs + busyPauseUs, pending',
    replace: 'atUs: nowUs + Math.floor(busyPauseUs * (0.5 + Math.random())), pending',
  },
];
