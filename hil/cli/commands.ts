/** The commands in the order in which `--help` lists them. */
import type { Command } from 'commander';
import * as conform from './commands/conform.js';
import * as decode from './commands/decode.js';
import * as demo from './commands/demo.js';
import * as disk from './commands/disk.js';
import * as doctor from './commands/doctor.js';
import * as firmware from './commands/firmware.js';
import * as golden from './commands/golden.js';
import * as host from './commands/host.js';
import * as init from './commands/init.js';
import * as line from './commands/line.js';
import * as ports from './commands/ports.js';
import * as replay from './commands/replay.js';
import * as run from './commands/run.js';
import * as sim from './commands/sim.js';
import * as soak from './commands/soak.js';

/** What a file of `commands/` exports. */
export interface CommandGroup {
  /** Adds the command, and what belongs to it, to the program. */
  register(program: Command): void;
}

export const groups: readonly CommandGroup[] = [
  demo,
  run,
  sim,
  soak,
  conform,
  init,
  firmware,
  disk,
  host,
  golden,
  line,
  decode,
  replay,
  ports,
  doctor,
];
