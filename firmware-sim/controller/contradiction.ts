/** Whether the durable records fit what the process was started with. */
import type { Method } from '../../protocol/ids.js';
import type { Refusal } from '../../protocol/refusals.js';

export interface Recorded {
  readonly method: Method;
  readonly blockBytes: number;
  readonly volumeBytes: readonly number[];
}

export interface Started {
  /** Only main is started with a method. */
  readonly method?: Method;
  readonly blockBytes: number;
  readonly volumes: readonly number[];
}

/** Why they do not fit, or undefined. */
export function contradiction(recorded: Recorded, { method, blockBytes, volumes }: Started): Refusal | undefined {
  if (method !== undefined && recorded.method !== method) {
    return { code: 'wrong-method', detail: `the pair is ${recorded.method}, not ${method}` };
  }
  if (recorded.blockBytes !== blockBytes) {
    return { code: 'block-size-mismatch', detail: `the pair uses ${recorded.blockBytes} bytes, not ${blockBytes}` };
  }
  if (recorded.volumeBytes.join() !== volumes.join()) {
    const detail = `the pair has [${recorded.volumeBytes.join()}] bytes, not [${volumes.join()}]`;
    return { code: 'volume-mismatch', detail };
  }
  return undefined;
}
