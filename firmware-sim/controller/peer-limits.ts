/**
 * What a controller takes from the other one besides what the message table allows. Generations and epochs are counted on
 * from what the peer names, and records and messages carry them as u32: a peer that names the last one would leave none.
 */
import type { Message } from '../../protocol/message/messages.js';

/** The highest generation or epoch that is taken from a peer. */
export const peerCounterMax = 2 ** 31 - 1;

const counters: ReadonlySet<string> = new Set(['epoch', 'generation', 'base', 'frozen', 'committed', 'structured']);

/** The name of a field that is past what is taken from a peer, or undefined. */
export function fieldPastLimit(message: Message): string | undefined {
  for (const name in message) {
    if (!counters.has(name)) continue;
    const value: unknown = message[name as keyof Message];
    if (typeof value === 'number' && value > peerCounterMax) return name;
  }
  return undefined;
}
