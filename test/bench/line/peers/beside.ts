/** What peers make of the lines that a transfer of ours was measured on, as text beside it. */
import type { TransferSettings } from '../goodput.js';
import type { Peer } from './peer.js';
import { type PeerOutcome, patience, peerTransfer } from './peer-transfer.js';
import { installedPeers } from './peers.js';

/** Transfers that are under way at once, on slow lines: these programs take little of a processor. */
const atOnceMax = 6;

/** How the peers are set, and which are missing. */
export function peersText(): string[] {
  const { installed, missing } = installedPeers();
  return [
    ...installed.map(({ name, debianPackage, settings }) => `${name.padEnd(8)} ${debianPackage}: ${settings}`),
    ...missing.map(({ name, debianPackage }) => `${name.padEnd(8)} is not installed: apt-get install ${debianPackage}`),
    ...(installed.length > 0 ? [`peers are cut after ${patience} times the line time of their data`] : []),
  ];
}

/** For each of the lines what the installed peers reach on it; several at once where `together`. */
export async function besides(lines: readonly TransferSettings[], together: boolean): Promise<string[]> {
  const { installed } = installedPeers();
  const texts = lines.map(() => new Map<Peer, string>());
  const jobs = lines.flatMap((settings, index) => installed.map((peer) => ({ settings, index, peer })));
  const work = async (): Promise<void> => {
    for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
      const { peer, settings, index } = job;
      texts[index]?.set(peer, `${peer.name} ${outcomeText(await peerTransfer(peer, settings))}`);
    }
  };
  await Promise.all(Array.from({ length: together ? atOnceMax : 1 }, work));
  return texts.map((each) => installed.map((peer) => each.get(peer)).join(', '));
}

function outcomeText(outcome: PeerOutcome): string {
  switch (outcome.kind) {
    case 'carried':
      return outcome.goodput.share.toFixed(4);
    case 'gaveUp':
      return `gave up after ${outcome.seconds.toFixed(0)} s`;
    case 'noEnd':
      return 'no end';
  }
}
