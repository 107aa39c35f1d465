/** The peers that a transfer is measured beside, where they are installed. */
import { isInstalled } from './execute.js';
import { kermit } from './kermit.js';
import type { Peer } from './peer.js';
import { uucp } from './uucp.js';
import { zmodem } from './zmodem.js';

const all: readonly Peer[] = [uucp, zmodem, kermit];

export function installedPeers(): { readonly installed: readonly Peer[]; readonly missing: readonly Peer[] } {
  const isThere = (peer: Peer): boolean => peer.programs.every(isInstalled);
  return { installed: all.filter(isThere), missing: all.filter((peer) => !isThere(peer)) };
}
