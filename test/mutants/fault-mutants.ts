/** Mistakes in the firmware that were written to learn what each class of faults is for: docs/purposes.md tells. */
import type { Mutant } from './mutant.js';

const queue = 'firmware-sim/storage/disk-queue.ts';

export const faultMutants: readonly Mutant[] = [
  {
    name: 'hardware-error-not-retried',
    author: 'b',
    harm: 'A hardware error counts at once, though the next try would pass: one bad moment of a disk ends host writes, suspends the pair or halts the controller.',
    file: queue,
    find: "key === 'mediumError' || key === 'hardwareError' || key",
    replace: "key === 'mediumError' || key",
  },
  {
    name: 'aborted-command-not-retried',
    author: 'b',
    harm: 'A command that the disk aborts, because the line to it was bad for a moment, counts as failed: host writes end with errors, the pair is suspended, or the controller halts.',
    file: queue,
    find: " || key === 'abortedCommand';",
    replace: ';',
  },
  {
    name: 'task-set-full-not-retried',
    author: 'b',
    harm: 'Only BUSY is waited for: a disk whose task set is full for a moment counts as failed, and under load the pair is suspended, or the controller halts.',
    file: queue,
    find: "if (completion.status === 'busy' || completion.status === 'taskSetFull') {",
    replace: "if (completion.status === 'busy') {",
  },
  {
    name: 'repetition-timer-only-on-the-dot',
    author: 'b',
    harm: 'The timer of repetitions counts as ended at its very microsecond only: a controller that was held up past it never repeats anything again, and turns in circles over a timer that stays due.',
    sequence: 'A controller takes no event for longer than its timer runs.',
    file: 'protocol/link/sender.ts',
    find: 'if (this.#timerUs === undefined || nowUs < this.#timerUs) return false;',
    replace: 'if (this.#timerUs === undefined || nowUs !== this.#timerUs) return false;',
  },
  {
    name: 'window-share-not-given-back',
    author: 'b',
    harm: 'What was read and not sent after all keeps its share of the window: it gets smaller with every overwritten block, until one day nothing is sent any more.',
    file: 'firmware-sim/replica/sender.ts',
    find: '    this.#bytesOnTheirWay -= (reading.picked.count - handedOn) * reading.outgoing.blockBytes;\n',
    replace: '',
  },
  {
    name: 'journal-numbers-one-too-low-after-recovery',
    author: 'b',
    harm: 'What is recorded after a power cut goes on with the number of the last batch before it: it counts until the next power cut, and is gone then, for it is not what follows.',
    sequence: 'Two power cuts with a record between them.',
    file: 'firmware-sim/storage/journal-recovery.ts',
    find: '...{ half: this.#half, checkpoint, sequence: this.#sequence, atSector: this.#atSector, stamp },',
    replace: '...{ half: this.#half, checkpoint, sequence: this.#sequence - 1, atSector: this.#atSector, stamp },',
  },
  {
    name: 'deferred-read-without-digest',
    author: 'b',
    harm: 'A host’s read of a deferred block takes what the shadow area gives: a disk that gives something else is believed.',
    file: 'firmware-sim/main/host-read.ts',
    find: 'if (segment.digests.length === digestBytes && !same',
    replace: 'if (segment.digests.length > digestBytes && !same',
  },
  {
    name: 'structured-without-digest',
    author: 'b',
    harm: 'What staging gives is structured as it is: a disk that gives something else, such as what was there before, makes an image that was never frozen.',
    file: 'firmware-sim/replica/place-run.ts',
    find: 'const spoilt = firstSpoilt(data, this.run.digests, geometry.blockBytes);',
    replace: 'const spoilt = data.length === 0 ? 0 : undefined;',
  },
];
