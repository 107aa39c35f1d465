/** An emulated line as bench files describe it, and as the models of lines take it. */
import type { Impairments } from '../run/lines/carrier.js';

export interface LineEmulation {
  /** Bits per second; without it bytes take no time. */
  readonly baud?: number | undefined;
  /** Milliseconds from one end to the other. */
  readonly latencyMs: number;
  /** Share of bits that are flipped. */
  readonly ber: number;
  /** Share of bytes that are lost. */
  readonly drop: number;
}

/** A line that takes no time and loses nothing. */
export const idealEmulation: LineEmulation = { latencyMs: 0, ber: 0, drop: 0 };

export function shapeOf({ baud, latencyMs, ber, drop }: LineEmulation): Impairments {
  const rest = { latencyUs: Math.round(latencyMs * 1000), bitErrorRate: ber, dropRate: drop };
  return baud === undefined ? rest : { baud, ...rest };
}

/** How a line is named in reports: "memory", "pty, 921600 baud". */
export function emulatedName(what: string, { baud, latencyMs, ber }: LineEmulation): string {
  const parts = [what];
  if (baud !== undefined) parts.push(`${baud} baud`);
  if (latencyMs > 0) parts.push(`${latencyMs} ms`);
  if (ber > 0) parts.push(`bit error rate ${ber}`);
  return parts.join(', ');
}
