/** Host writes at main that a test begins and follows step by step. */
import type { WriteCommand } from '../../../firmware-sim/controller/write-pieces.js';
import { HostWrite } from '../../../firmware-sim/main/host-write.js';
import type { Method } from '../../../protocol/ids.js';
import type { Completion } from '../../../protocol/scsi/commands.js';
import { inWords } from '../device-lab.js';
import { MainLab } from './main-lab.js';

export const flush = 'primary0 synchronizeCache';

/** Sectors full of a letter each; a dot stands for zeros. */
export const sectorsOf = (letters: string) =>
  Buffer.concat(Array.from(letters, (each) => Buffer.alloc(512, each === '.' ? 0 : each)));

/** A write that a test has begun. */
export interface Begun {
  readonly write: HostWrite;
  readonly answers: Completion[];
}

export function begin(lab: MainLab, command: WriteCommand, nowUs = 0): Begun {
  const answers: Completion[] = [];
  const write = new HostWrite(lab.core, 0, command, (completion) => answers.push(completion));
  write.start(nowUs);
  return { write, answers };
}

export const write = (lab: MainLab, lba: number, letters: string, nowUs = 0) =>
  begin(lab, { op: 'write', lba, data: sectorsOf(letters) }, nowUs);

export const ended = ({ answers }: Begun) => answers.map(inWords);

/** Whether no blocks are locked. */
export const isFree = (lab: MainLab) => lab.core.locks.isFree({ volume: 0, first: 0, count: 16, shared: false });

/** Lets everything go on, the core between the steps, too. */
export function go(lab: MainLab, nowUs = 0): string[] {
  const steps: string[] = [];
  lab.core.nowUs = nowUs;
  for (;;) {
    lab.core.pump(nowUs);
    const more = lab.settle();
    if (more.length === 0) return steps;
    steps.push(...more);
  }
}

/** Generation 1, `abcdefgh`, is on its way; nothing of it has been sent, and nothing may be. */
export function transferring(method: Method = 'differential', slots = 16): MainLab {
  const lab = new MainLab({ method, slots });
  lab.primary(0, 'abcdefgh');
  lab.freeze(1, method === 'copy');
  lab.maySend = false;
  return lab;
}
