/** `coldframe replay` */
import type { Command } from 'commander';
import { type Method, methods } from '../../../protocol/ids.js';
import { type ReplayRole, replayRoles } from '../../replay/roles.js';
import { areaSize, blockSize, gather, oneOf } from '../arguments.js';
import { refuseIdle } from '../idle-options.js';

const help = `
Says to a fresh model, in virtual time, what was said to a role in a capture, and compares what it answers:

  =  the same as in the capture      −  in the capture, and not said by the model
  ≠  otherwise, field by field       +  said by the model, and not in the capture

So a board's own words are held against the model's. The frames are not those of the capture: a fresh model has other link ids
and keys, so that each message goes into a session of its own. The model begins with empty disks: replay a capture that
began before the first session. What a replay can show, and what not: docs/captures.md.

Exit codes: 0 all the same; 1 some answers differ; 2 the file is no capture, or says nothing to that role; 4 sealed, and no key

Examples:
  $ coldframe replay out/capture.pcapng --role sub
  $ coldframe replay board.pcapng --role main --line host-main --key-file pair.key --differences`;

export function register(program: Command): void {
  program
    .command('replay')
    .description('say what is in a capture to a fresh model, and compare its answers')
    .argument('<file>', 'what --capture has written')
    .requiredOption('--role <role>', replayRoles.join(', '), oneOf(replayRoles))
    .option('--line <name>', 'this line alone')
    .option('--key-file <file>', 'the key of sealed lines')
    .option('--method <method>', 'of main, when the capture does not tell it', oneOf(methods))
    .option('--block <size>', 'unit of copying, likewise', blockSize)
    .option('--size <size>', 'of each volume, or of the disk, likewise', gather(areaSize))
    .option('--differences', 'print only what is not the same')
    .option('--json', 'one JSON object for each answer')
    .addHelpText('after', help)
    .action(async (file: string, options: ReplayOptions, command: Command) => {
      if (options.role !== 'main') refuseIdle(command, ['--method'], 'on other roles than main; leave it out');
      if (options.role === 'disk') refuseIdle(command, ['--block'], 'on a disk; leave it out');
      const { runReplay } = await import('../run-replay.js');
      await runReplay(file, options);
    });
}

/** The options as commander gives them. */
export interface ReplayOptions {
  readonly role: ReplayRole;
  readonly line?: string;
  readonly keyFile?: string;
  readonly method?: Method;
  readonly block?: number;
  readonly size?: readonly number[];
  readonly differences?: boolean;
  readonly json?: boolean;
}
