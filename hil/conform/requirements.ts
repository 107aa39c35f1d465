/**
 * Every requirement of the protocol, by its number: with its check, or with the reason why no black box can be held to
 * it. Numbers are never used again; a new one goes to the end of its letter.
 */
import type { Requirement } from './check.js';
import { acknowledgementRequirements } from './checks/acknowledgements.js';
import { digestRequirements } from './checks/digests.js';
import { frameRequirements } from './checks/frames.js';
import { instructionRequirements } from './checks/instructions.js';
import { dataRequirements } from './checks/link-data.js';
import { openingRequirements } from './checks/link-opening.js';
import { messageRequirements } from './checks/messages.js';
import { replicationRequirements } from './checks/replication.js';
import { attentionRequirements } from './checks/scsi-attention.js';
import { mediumRequirements } from './checks/scsi-medium.js';
import { transportRequirements } from './checks/scsi-transport.js';
import { unitRequirements } from './checks/scsi-unit.js';
import { sealingRequirements } from './checks/sealing.js';
import { sessionRequirements } from './checks/sessions.js';

const letters = 'FLSMDIRG';

/** In the order of letters and numbers. */
export const requirements: readonly Requirement[] = [
  ...frameRequirements,
  ...dataRequirements,
  ...openingRequirements,
  ...acknowledgementRequirements,
  ...sessionRequirements,
  ...sealingRequirements,
  ...messageRequirements,
  ...transportRequirements,
  ...unitRequirements,
  ...attentionRequirements,
  ...mediumRequirements,
  ...instructionRequirements,
  ...replicationRequirements,
  ...digestRequirements,
].sort(byNumber);

function byNumber({ number: a }: Requirement, { number: b }: Requirement): number {
  return letters.indexOf(a[0] ?? '') - letters.indexOf(b[0] ?? '') || Number(a.slice(2)) - Number(b.slice(2));
}

/** What each letter is about. */
export const rooms: Readonly<Record<string, string>> = {
  F: 'frames',
  L: 'the link',
  S: 'sessions',
  M: 'messages',
  D: 'SCSI',
  I: 'instructions',
  R: 'replication',
  G: 'digests',
};
