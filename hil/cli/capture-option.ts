/** The option `--capture` of the commands that have lines. */
import { Option } from 'commander';
import type { Refusal } from '../../protocol/refusals.js';
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
