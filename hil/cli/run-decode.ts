/** What `coldframe decode` does. */
import { RefusalError } from '../../protocol/refusals.js';
import { describe } from '../capture/describe.js';
import type { HeardFrame, HeardMessage } from '../capture/listen/heard.js';
import { listen } from '../capture/listen/listen.js';
import { readCapture } from '../capture/read-capture.js';
import { readKeyFile } from '../run/key-file.js';
import { decodeLines } from './decode-text.js';
import { isNamed, onlyLine } from './line-names.js';
import { PacedOutput } from './paced-output.js';

export interface DecodeOptions {
  readonly line?: string;
  readonly keyFile?: string;
  readonly frames?: boolean;
  readonly json?: boolean;
}

/** Prints a capture. Throws RefusalError `capture-invalid`, and `wrong-key` when the key opens nothing that is sealed. */
export async function runDecode(path: string, options: DecodeOptions): Promise<void> {
  const { line, keyFile, frames: allFrames = false, json = false } = options;
  const key = keyFile === undefined ? undefined : readKeyFile(keyFile);
  if (line !== undefined) onlyLine(path, line);
  const seals = { opened: 0, refused: 0 };
  const output = new PacedOutput();
  try {
    for (const heard of listen(readCapture(path), key)) {
      if (line !== undefined && !isNamed(heard.captured.line, line)) continue;
      countSeals(heard, seals);
      if (!allFrames && !isTelling(heard)) continue;
      const described = describe(heard);
      const { virtualTime } = heard.captured.line;
      const texts = json ? [JSON.stringify(described)] : decodeLines(described, { virtualTime, allFrames });
      for (const text of texts) if (!(await output.line(text))) return;
    }
  } finally {
    // What stands before a place that is wrong has been read.
    await output.flush();
  }
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
