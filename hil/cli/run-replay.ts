/** What `coldframe replay` does. */
import { RefusalError } from '../../protocol/refusals.js';
import type { HeardFrame } from '../capture/listen/heard.js';
import { listen } from '../capture/listen/listen.js';
import { readCapture } from '../capture/read-capture.js';
import { type ReplayOutcome, replay } from '../replay/replay.js';
import { scriptOf } from '../replay/script.js';
import { replayShape } from '../replay/shape.js';
import { counted } from '../report/quantity.js';
import { readKeyFile } from '../run/key-file.js';
import type { ReplayOptions } from './commands/replay.js';
import { log } from './device-log.js';
import { isNamed, onlyLine } from './line-names.js';
import { PacedOutput } from './paced-output.js';
import { outcomeLines, outcomeObject, replaySummary, verdictOf } from './replay-text.js';

export async function runReplay(path: string, options: ReplayOptions): Promise<void> {
  const { role, line, keyFile, method, block, size } = options;
  const key = keyFile === undefined ? undefined : readKeyFile(keyFile);
  if (line !== undefined) onlyLine(path, line);
  const heard = listen(readCapture(path), key);
  const script = scriptOf(line === undefined ? heard : only(heard, line), role);
  const shape = replayShape(script, role, {
    ...(method === undefined ? {} : { method }),
    ...(block === undefined ? {} : { blockBytes: block }),
    ...(size === undefined ? {} : { volumes: size }),
  });
  const outcomes = replay({ role, shape, script });
  if (outcomes.length === 0)
    throw new RefusalError('argument-invalid', `--role ${role}: there is no answer in this capture to compare with`);
  await print(outcomes, options);
  if (script.refusedMessages > 0)
    log('warning', `${counted(script.refusedMessages, 'message')} could not be read, nor said`);
  const others = outcomes.filter((outcome) => verdictOf(outcome) !== 'same').length;
  if (others > 0) throw new RefusalError('answers-differ', replaySummary(outcomes));
}

function* only(heard: Iterable<HeardFrame>, line: string): Generator<HeardFrame> {
  for (const frame of heard) if (isNamed(frame.captured.line, line)) yield frame;
}

async function print(outcomes: readonly ReplayOutcome[], { role, differences, json }: ReplayOptions): Promise<void> {
  const output = new PacedOutput();
  for (const outcome of outcomes) {
    if (differences === true && verdictOf(outcome) === 'same') continue;
    const texts = json === true ? [JSON.stringify(outcomeObject(outcome, role))] : outcomeLines(outcome, role);
    for (const text of texts) if (!(await output.line(text))) return;
  }
  if (json !== true) await output.line(replaySummary(outcomes));
  await output.flush();
}
