/** `coldframe golden`: golden images from raw image files. */
import type { Command } from 'commander';
import { blockBytesDefault, blockSize, gather } from '../arguments.js';
import type { ImageOptions, RecordOptions } from '../golden-files.js';

const recordHelp = `
The golden image is a text file of digests; the raw images are not needed any more to verify against it.

Example:
  $ coldframe golden record --image vol.img --out vol.golden`;
const verifyHelp = `
Exit code 1 with the wrong ranges when a file is not the golden image.

Example: the sub's secondary area, once the generation is structured
  $ coldframe golden verify --golden vol.golden --image copy.img`;
const diffHelp = `
Exit code 1 when there is a difference.

Example:
  $ coldframe golden diff --golden vol.golden --image copy.img`;
const acceptHelp = `
The digest of what was golden until now goes into the history of the file.

Example:
  $ coldframe golden accept --golden vol.golden --image vol.img --note 'new test data'`;

export function register(program: Command): void {
  const golden = program.command('golden').description('golden images: what volumes must hold');
  golden
    .command('record')
    .description('make a golden image of raw image files')
    .requiredOption('--image <file>', 'raw image of a volume; once for each, in order', gather(String))
    .requiredOption('--out <file>', 'the golden image to write')
    .option('--block <size>', 'unit of copying of the pair that it is for', blockSize, blockBytesDefault)
    .option('--note <text>', 'where it comes from', '')
    .addHelpText('after', recordHelp)
    .action(async (options: RecordOptions) => (await work()).record(options));
  onImages(golden, 'verify', 'hold raw image files against a golden image')
    .addHelpText('after', verifyHelp)
    .action(async (options: ImageOptions) => (await work()).compare(options, false));
  onImages(golden, 'diff', 'say block by block where raw image files differ from a golden image')
    .addHelpText('after', diffHelp)
    .action(async (options: ImageOptions) => (await work()).compare(options, true));
  onImages(golden, 'accept', 'make raw image files the golden image from now on')
    .option('--note <text>', 'why', '')
    .addHelpText('after', acceptHelp)
    .action(async (options: ImageOptions & { readonly note: string }) => (await work()).accept(options));
}

const work = () => import('../golden-files.js');

function onImages(golden: Command, name: string, description: string): Command {
  return golden
    .command(name)
    .description(description)
    .requiredOption('--golden <file>', 'the golden image')
    .requiredOption('--image <file>', 'raw image of a volume; once for each, in order', gather(String));
}
