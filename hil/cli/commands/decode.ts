/** `coldframe decode` */
import type { Command } from 'commander';
import type { DecodeOptions } from '../run-decode.js';

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
    .action(async (file: string, options: DecodeOptions) => {
      const { runDecode } = await import('../run-decode.js');
      await runDecode(file, options);
    });
}
