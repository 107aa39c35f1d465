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
];
