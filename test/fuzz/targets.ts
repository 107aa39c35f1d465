/** Every target, by room. */
import { practice } from './practice.js';
import type { Target } from './target.js';
import { compressed } from './targets/compression.js';
import { mainRecordsTarget, subRecordsTarget } from './targets/controllers.js';
import { allocationScan, journal, stamp } from './targets/disks.js';
import { area, benchFile, goldenFile, keyFile, lineAddress, report, scenarioFile, size } from './targets/files.js';
import { acknowledgement, deframer, frame, open } from './targets/frames.js';
import { link } from './targets/link.js';
import { message, record, sealed, status } from './targets/messages.js';
import { capacity, cdb, scsiInitiator, scsiTarget, sense } from './targets/scsi.js';

export const targets: readonly Target[] = [
  ...[frame, deframer, acknowledgement, open, link],
  ...[message, sealed, status, compressed],
  ...[cdb, sense, capacity, scsiTarget, scsiInitiator],
  ...[stamp, allocationScan, record, journal, mainRecordsTarget, subRecordsTarget],
  ...[benchFile, scenarioFile, goldenFile, keyFile, size, lineAddress, area, report],
];

/** The target of this name, that of the fuzzer's own tests among them; there must be one. */
export function targetNamed(name: string): Target {
  const found = [...targets, practice].find((each) => each.name === name);
  if (found === undefined) throw new Error(`no target is called ${name}`);
  return found;
}
