/** `coldframe decode` */
import type { Command } from 'commander';
import { RefusalError } from '../../../protocol/refusals.js';
import { describe } from '../../capture/describe.js';
import type { HeardFrame, HeardMessage } from '../../capture/listen/heard.js';
import { listen } from '../../capture/listen/listen.js';
import { readCapture } from '../../capture/read-capture.js';
import { readKeyFile } from '../../run/key-file.js';
import { decodeLines } from '../decode-text.js';
import { isNamed, onlyLine } from '../line-names.js';
import { PacedOutput } from '../paced-output.js';

const help = `
One line for each message: when, on which line, who to whom, its name and its fields. Opens of links and frames that
are refused stand between them; --frames adds fragments and acknowledgements. With --json one object for each frame.
A field is called as in Wireshark (docs/captures.md): "freeze token=…" here is coldframe.freeze.token there.

Sealed messages are opened with the key of the line: what else is needed, the salts of both hellos, is in the capture when
it began before the session. Without them they are shown as sealed.

Exit codes: 0 decoded, damaged frames or not; 2 the file is no capture; 4 the key opens none of the sealed messages

Examples:
  $ coldframe decode out/capture.pcapng
  $ coldframe decode out/capture.pcapng --line main-sub --frames
  $ coldframe decode sub.pcapng --key-file pair.key --json | grep '"kind":"freeze"'`;

export function register(program: Command): void {
  program
    .command('decode')
    .description('print what is said in a capture')
    .argument('<file>', 'what --capture has written')
    .option('--line <name>', 'this line alone')
    .option('--key-file <file>', 'the key of sealed lines')
    .option('--frames', 'also fragments and acknowledgements')
    .option('--json', 'one JSON object for each frame, bytes in full')
    .addHelpText('after', help)
    .action((file: string, options: DecodeOptions) => decode(file, options));
}

interface DecodeOptions {
  readonly line?: string;
  readonly keyFile?: string;
  readonly frames?: boolean;
  readonly json?: boolean;
}

async function decode(path: string, options: DecodeOptions): Promise<void> {
  const { line, keyFile, frames: allFrames = false, json = false } = options;
  const key = keyFile === undefined ? undefined : readKeyFile(keyFile);
  if (line !== undefined) onlyLine(path, line);
  const seals = { opened: 0, refused: 0 };
  const output = new PacedOutput();
  for (const heard of listen(readCapture(path), key)) {
    if (line !== undefined && !isNamed(heard.captured.line, line)) continue;
    countSeals(heard, seals);
    if (!allFrames && !isTelling(heard)) continue;
    const described = describe(heard);
    const { virtualTime } = heard.captured.line;
    const texts = json ? [JSON.stringify(described)] : decodeLines(described, { virtualTime, allFrames });
    for (const text of texts) if (!(await output.line(text))) return;
  }
  await output.flush();
  if (seals.opened === 0 && seals.refused > 0) {
    throw new RefusalError('wrong-key', `${keyFile} opens none of ${seals.refused} sealed messages`);
  }
}

/** Whether a frame says something of its own, and is not only a part or an acknowledgement. */
function isTelling({ content }: HeardFrame): boolean {
  return content.kind === 'data' ? content.messages.length > 0 : content.kind !== 'acknowledgement';
}

function countSeals({ content }: HeardFrame, seals: { opened: number; refused: number }): void {
  const isSealed = ({ kind, counter }: HeardMessage) => kind !== 'sealed' && counter !== undefined;
  for (const message of content.kind === 'data' ? content.messages.filter(isSealed) : []) {
    if (message.kind === 'message') seals.opened += 1;
    else seals.refused += 1;
  }
}
