/**
 * Whether the controllers of a bench have found each other. A scenario on two that refuse each other, because their keys are
 * not the same, would wait for its first image for ever.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { HostClient } from '../../host/client.js';
import { type RefusalCode, RefusalError, refusals } from '../../protocol/refusals.js';
import { sessionRefusals } from '../../protocol/session/hello.js';

const lookMs = 50;
const between = 'the line between main and sub';

export interface PairSessionOptions {
  readonly main: HostClient;
  /** What models have said so far, as lines. */
  readonly logs: () => readonly string[];
  /** How long the controllers may take, in milliseconds. */
  readonly msMax: number;
}

/**
 * Resolves when main says that it has a session with the sub, or says nothing of such a line. Throws what a model refused
 * the other with, such as `wrong-key`, or `line-silent` when nothing is known.
 */
export async function pairSession({ main, logs, msMax }: PairSessionOptions): Promise<void> {
  const untilMs = performance.now() + msMax;
  for (;;) {
    const { lines } = await main.status();
    if (lines.find(({ name }) => name === 'remote')?.up !== false) return;
    const refused = logs().flatMap(refusedIn)[0];
    if (refused !== undefined) throw new RefusalError(refused.code, `${between}: ${refused.detail}`);
    if (performance.now() > untilMs) {
      throw new RefusalError('line-silent', `${between}: no session; what they refuse stands in their logs`);
    }
    await pause(lookMs);
  }
}

/** What refuses the session as such, in lines as `logDevice` writes them. */
function refusedIn(log: string): { readonly code: RefusalCode; readonly detail: string }[] {
  return [...log.matchAll(/ refused: ([a-z-]+) \(remote line\): (.*)/g)].flatMap(([, name = '', detail = '']) => {
    const code = name in refusals ? (name as RefusalCode) : undefined;
    return code !== undefined && sessionRefusals.has(code) ? [{ code, detail }] : [];
  });
}
