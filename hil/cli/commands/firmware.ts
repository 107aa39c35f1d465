/** `coldframe firmware`: a model of a controller as a process of its own. */
import type { Command } from 'commander';
import * as firmwareMain from './firmware-main.js';
import * as firmwareSub from './firmware-sub.js';

export function register(program: Command): void {
  const firmware = program.command('firmware').description('run the model of a controller until it is told to end');
  firmwareMain.register(firmware);
  firmwareSub.register(firmware);
}
