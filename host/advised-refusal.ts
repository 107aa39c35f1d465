/** A refusal that knows better what to do than the table of refusals, which speaks for every place where its code comes up. */
import { type RefusalCode, type RefusalEntry, RefusalError, refusals } from '../protocol/refusals.js';

export class AdvisedRefusal extends RefusalError {
  /** What helps here, in place of the remedy of the code. */
  readonly remedy: string;
  /** The exit code of a command that ends on it here. */
  readonly exit: RefusalEntry['exit'];

  constructor(code: RefusalCode, detail: string, remedy: string = refusals[code].remedy, exit = exitOf(code)) {
    super(code, detail);
    this.remedy = remedy;
    this.exit = exit;
  }
}

const exitOf = (code: RefusalCode): RefusalEntry['exit'] => refusals[code].exit;

/** What is at `path` is a folder, a device or a pipe, where a file is needed. */
export function noOrdinaryFile(path: string): AdvisedRefusal {
  return new AdvisedRefusal('file-unreadable', `${path} is no ordinary file`, 'Name an ordinary file.');
}

/** A file that somebody else cuts off while it is being read. */
export function becameShorter(path: string): AdvisedRefusal {
  const remedy = 'See that nobody writes to it meanwhile, and try again.';
  return new AdvisedRefusal('file-size', `${path} became shorter while it was read`, remedy);
}
