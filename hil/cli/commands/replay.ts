/** `coldframe replay` */
import type { Command } from 'commander';
import { type Method, methods } from '../../../protocol/ids.js';
import { RefusalError } from '../../../protocol/refusals.js';
import type { HeardFrame } from '../../capture/listen/heard.js';
import { listen } from '../../capture/listen/listen.js';
import { readCapture } from '../../capture/read-capture.js';
import { type ReplayOutcome, replay } from '../../replay/replay.js';
import { type ReplayRole, replayRoles, scriptOf } from '../../replay/script.js';
import { replayShape } from '../../replay/shape.js';
import { counted } from '../../report/quantity.js';
import { readKeyFile } from '../../run/key-file.js';
import { areaSize, blockSize, gather, oneOf } from '../arguments.js';
import { log } from '../device-log.js';
import { isNamed, onlyLine } from '../line-names.js';
import { PacedOutput } from '../paced-output.js';
import { outcomeLines, outcomeObject, replaySummary, verdictOf } from '../replay-text.js';

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
    .action((file: string, options: ReplayOptions) => runReplay(file, options));
}

interface ReplayOptions {
  readonly role: ReplayRole;
  readonly line?: string;
  readonly keyFile?: string;
  readonly method?: Method;
  readonly block?: number;
  readonly size?: readonly number[];
  readonly differences?: boolean;
  readonly json?: boolean;
}

async function runReplay(path: string, options: ReplayOptions): Promise<void> {
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
