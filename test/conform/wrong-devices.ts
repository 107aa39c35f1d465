/** All wrong devices. */
import type { Wrong } from './wrong.js';
import { wrongFrames } from './wrong-frames.js';
import { wrongImages } from './wrong-images.js';
import { wrongInstructions } from './wrong-instructions.js';
import { wrongLinks } from './wrong-links.js';
import { wrongMains } from './wrong-mains.js';
import { wrongMedia } from './wrong-medium.js';
import { wrongOpenings } from './wrong-openings.js';
import { wrongUnits } from './wrong-scsi.js';
import { wrongSessions } from './wrong-sessions.js';
import { wrongSubs } from './wrong-subs.js';

export const wrongDevices: readonly Wrong[] = [
  ...wrongFrames,
  ...wrongLinks,
  ...wrongOpenings,
  ...wrongSessions,
  ...wrongMains,
  ...wrongSubs,
  ...wrongImages,
  ...[...wrongUnits, ...wrongMedia, ...wrongInstructions].map((wrong) => ({ ...wrong, isAboveLink: true })),
];
