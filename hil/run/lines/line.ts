/**
 * One duplex byte stream: a serial port, TCP, a Unix socket, a PTY, or memory.
 *
 * A line opens by itself, soon after it was made, and again after each loss: ports and clients try anew with growing
 * pauses, listeners take the next client. `open` and `lost` alternate, beginning with `open`, until `close`.
 */
import { EventEmitter } from 'node:events';
import { type Refusal, RefusalError } from '../../../protocol/refusals.js';

export type LineEvents = {
  /** Bytes arrived; they belong to the listener. */
  data: [bytes: Uint8Array];
  /** Bytes can be written; what was written before and not carried is gone. */
  open: [];
  /** The line is down, and why; bytes on their way are lost. */
  lost: [reason: Refusal];
  /** There is room again after `write` returned false on an open line. */
  drain: [];
  /** `close` was called; nothing follows. */
  closed: [];
};

export interface Line {
  /** The address, or a name for lines that have none. */
  readonly name: string;
  readonly isOpen: boolean;
  /** A listener that clients can reach, whether one is there or not. */
  readonly isListening?: boolean;
  /** Why the line is not open now, as far as is known. */
  readonly trouble: Refusal | undefined;
  /** Bytes taken by `write` that cannot have reached the other end yet, as far as this side can tell. */
  readonly bufferedBytes: number;
  /**
   * Takes all of `bytes`, which must not change afterwards. False: the line is full; wait for `drain`.
   * Bytes written to a line that is not open are dropped, and there will be an `open`, not a `drain`.
   */
  write(bytes: Uint8Array): boolean;
  /** Stops and resumes `data`, so that the sender feels it where the line allows. */
  pause(): void;
  resume(): void;
  on<Name extends keyof LineEvents>(event: Name, listener: (...args: LineEvents[Name]) => void): unknown;
  off<Name extends keyof LineEvents>(event: Name, listener: (...args: LineEvents[Name]) => void): unknown;
  /** Gives what was written a moment to leave, then closes for good. May be called again. */
  close(): Promise<void>;
}

/** What lines share: the typed events. */
export class LineEmitter extends EventEmitter<LineEvents> {}

/** Resolves when the line is open; rejects with its trouble after `timeoutMs`, or when it is closed meanwhile. */
export function whenOpen(line: Line, timeoutMs: number): Promise<void> {
  if (line.isOpen) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const settle = (outcome: () => void) => {
      clearTimeout(timer);
      line.off('open', opened);
      line.off('closed', failed);
      outcome();
    };
    const opened = () => settle(resolve);
    const failed = () => {
      const detail = line.trouble?.detail ?? `${line.name}: nobody connected within ${timeoutMs} ms`;
      settle(() => reject(new RefusalError(line.trouble?.code ?? 'line-unavailable', detail)));
    };
    const timer = setTimeout(failed, timeoutMs);
    line.on('open', opened);
    line.on('closed', failed);
  });
}
