/** What may be written to a stream besides text. */
import type { WriteStream } from 'node:tty';

/** Whether to write in colour: to a terminal that has some, unless `NO_COLOR` is set or `TERM` is `dumb`. */
export function takesColour(stream: Partial<WriteStream>): boolean {
  return stream.isTTY === true && stream.hasColors?.() === true;
}

/** Whether a line can be written over: on a terminal that knows how. */
export function takesCursor(stream: Partial<WriteStream>): boolean {
  return stream.isTTY === true && process.env.TERM !== 'dumb';
}
