import type { LineAddress } from './address.js';

/** Sockets lose nothing: one frame may be as large as frames can be. */
const socketPayloadBytes = 65_536;

/** The largest payload of frames for a kind of line, in bytes; undefined for what suits lines with errors. */
export function framePayloadMaxOf({ kind }: Pick<LineAddress, 'kind'>): number | undefined {
  return kind === 'serial' || kind === 'pty' ? undefined : socketPayloadBytes;
}
