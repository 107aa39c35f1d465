/** All wrong devices. */
import type { Wrong } from './wrong.js';
import { wrongFrames } from './wrong-frames.js';
import { wrongInstructions } from './wrong-instructions.js';
import { wrongLinks } from './wrong-links.js';
import { wrongOpenings } from './wrong-openings.js';
import { wrongControllers } from './wrong-replication.js';
import { wrongUnits } from './wrong-scsi.js';
import { wrongSessions } from './wrong-sessions.js';

export const wrongDevices: readonly Wrong[] = [
  ...wrongFrames,
  ...wrongLinks,
  ...wrongOpenings,
  ...wrongSessions,
  ...wrongControllers,
  ...[...wrongUnits, ...wrongInstructions].map((wrong) => ({ ...wrong, isAboveLink: true })),
];
