/** The commands in the order in which `--help` lists them. */
import type { Command } from 'commander';
import * as disk from './commands/disk.js';
import * as firmware from './commands/firmware.js';
import * as golden from './commands/golden.js';
import * as host from './commands/host.js';
import * as line from './commands/line.js';
import * as ports from './commands/ports.js';

/** What a file of `commands/` exports. */
export interface CommandGroup {
  /** Adds the command, and what belongs to it, to the program. */
  register(program: Command): void;
}

export const groups: readonly CommandGroup[] = [firmware, disk, host, golden, line, ports];
