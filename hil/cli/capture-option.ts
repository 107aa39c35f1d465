/** The option `--capture` of the commands that have lines. */
import { Option } from 'commander';
import { type Refusal, RefusalError } from '../../protocol/refusals.js';
import { namedTwice } from '../run/same-file.js';
import { log } from './device-log.js';

/** `--capture <file>`; what it says in help is the same everywhere. */
export const captureOption = (): Option => new Option('--capture <file>', 'write the frames of its lines as pcapng');

/** The help that goes with it. */
export const captureHelp = `
--capture keeps every frame as it was on the line, the damaged ones too; a capture that was there is replaced. It
never holds a key. See it with coldframe decode or in Wireshark, or replay it to a model
(docs/captures.md).`;

/** A capture that ends early is worth a warning, and nothing else. */
export function warnOfCapture({ code, detail }: Refusal): void {
  log('warning', `the capture ends here: ${code}: ${detail}`);
}

/** Throws RefusalError `argument-invalid` for a capture that is to be where an area is, or will be made. */
export function requireOwnFile(capture: string | undefined, areas: readonly string[]): void {
  const area = capture === undefined ? undefined : areas.find((each) => namedTwice([each, capture]) !== undefined);
  if (area !== undefined)
    throw new RefusalError('argument-invalid', `--capture ${capture}: it is the file of an area; name another`);
}
