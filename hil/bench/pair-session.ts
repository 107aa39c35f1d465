/**
 * Whether the controllers of a bench have found each other, and fit. A scenario on two that refuse each other, because their keys are
 * not the same, would wait for its first image for ever.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { HostClient } from '../../host/client.js';
import { RefusalError, refusalByNumber } from '../../protocol/refusals.js';
import type { Powered } from './bench.js';
import { misfitOf } from './pair-fit.js';

const lookMs = 50;
const between = 'the line between main and sub';

export interface PairSessionOptions {
  readonly hosts: Readonly<Record<Powered, HostClient>>;
  /** How long the controllers may take, in milliseconds. */
  readonly msMax: number;
}

/**
 * Resolves when main says that it has a session with the sub, or says nothing of such a line, and both can be one pair. Throws what one
 * of them says that it refuses the other with, such as `wrong-key`, or `line-silent` when none knows why; and as `misfitOf`.
 */
export async function pairSession({ hosts, msMax }: PairSessionOptions): Promise<void> {
  const untilMs = performance.now() + msMax;
  await inSession(hosts, untilMs);
  const main = await hosts.main.status();
  let sub = await hosts.sub.status();
  // One that still reads its records has no volumes yet.
  while (sub.volumes.length === 0 && performance.now() < untilMs) {
    await pause(lookMs);
    sub = await hosts.sub.status();
  }
  const misfit = misfitOf(main, sub);
  if (misfit !== undefined) throw misfit;
}

async function inSession(hosts: PairSessionOptions['hosts'], untilMs: number): Promise<void> {
  for (;;) {
    const main = await remoteOf(hosts.main);
    if (main?.up !== false) return;
    for (const [role, line] of [['main', main] as const, ['sub', await remoteOf(hosts.sub)] as const]) {
      const refused = refusalByNumber(line?.refused ?? 0);
      if (refused !== undefined) throw new RefusalError(refused, `${between}: as ${role} says`);
    }
    if (performance.now() > untilMs) {
      throw new RefusalError('line-silent', `${between}: no session, and neither says why`);
    }
    await pause(lookMs);
  }
}

async function remoteOf(host: HostClient) {
  const { lines } = await host.status();
  return lines.find(({ name }) => name === 'remote');
}
