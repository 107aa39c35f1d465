/** Options that were typed and have no effect beside the others: a mistake that nobody would see. */
import type { Command } from 'commander';
import { RefusalError } from '../../protocol/refusals.js';

/** Throws RefusalError `argument-invalid` for the first of `options` that was typed; `why` tells what to do. */
export function refuseIdle(command: Command, options: readonly string[], why: string): void {
  const idle = command.options.find(
    (option) => options.includes(option.long ?? '') && command.getOptionValueSource(option.attributeName()) === 'cli',
  );
  if (idle !== undefined) throw new RefusalError('argument-invalid', `${idle.long} has no effect ${why}`);
}

/** The same of all options but `kept`. */
export function refuseIdleBut(command: Command, kept: readonly string[], why: string): void {
  const others = command.options.flatMap(({ long }) => (long == null || kept.includes(long) ? [] : [long]));
  refuseIdle(command, others, why);
}

/** The same of the keys and ciphers of a controller's two lines. */
export function refuseIdleKeys(
  command: Command,
  given: { readonly keyFile?: string; readonly hostKeyFile?: string; readonly remoteKeyFile?: string },
): void {
  const { keyFile, hostKeyFile, remoteKeyFile } = given;
  if ((keyFile ?? hostKeyFile ?? remoteKeyFile) === undefined) {
    refuseIdle(command, ['--cipher'], 'on lines that are not sealed; add --key-file');
  }
  if (hostKeyFile !== undefined && remoteKeyFile !== undefined) {
    refuseIdle(command, ['--key-file'], 'beside --host-key-file and --remote-key-file; leave it out');
  }
}
