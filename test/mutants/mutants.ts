/**
 * Mistakes written by hand, to hold the checks against: `node dist/test/mutants/apply.js NAME FOLDER` makes a copy of the
 * repository with one of them in it.
 */
import { faultMutants } from './fault-mutants.js';
import { hostWriteMutants } from './host-write-mutants.js';
import { imageMutants } from './image-mutants.js';
import { lineMutants } from './line-mutants.js';
import type { Mutant } from './mutant.js';
import { protocolMutants } from './protocol-mutants.js';
import { replicaMutants } from './replica-mutants.js';
import { sessionMutants } from './session-mutants.js';
import { storageMutants } from './storage-mutants.js';
import { subMutants } from './sub-mutants.js';

export const mutants: readonly Mutant[] = [
  ...storageMutants,
  ...faultMutants,
  ...hostWriteMutants,
  ...imageMutants,
  ...replicaMutants,
  ...subMutants,
  ...sessionMutants,
  ...protocolMutants,
  ...lineMutants,
];
