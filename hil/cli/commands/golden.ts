/** `coldframe golden`: golden images from raw image files. */
import type { Command } from 'commander';
import { acceptGolden } from '../../../host/golden/accept.js';
import { RawFileSource } from '../../../host/golden/block-source.js';
import { diffGolden } from '../../../host/golden/diff.js';
import type { Golden, VolumeSpan } from '../../../host/golden/golden.js';
import { loadGolden, saveGolden } from '../../../host/golden/golden-file.js';
import { recordGolden } from '../../../host/golden/record.js';
import { explainBlock } from '../../../host/workload/explain.js';
import { RefusalError } from '../../../protocol/refusals.js';
import { counted } from '../../report/quantity.js';
import { blockBytesDefault, blockSize, gather } from '../arguments.js';
import { spansText } from '../spans-text.js';

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

interface ImageOptions {
  readonly golden: string;
  readonly image: readonly string[];
}

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
    .action(async ({ image, out, block, note }: RecordOptions) => {
      await saveGolden(out, await goldenOf(image, block, note));
    });
  onImages(golden, 'verify', 'hold raw image files against a golden image')
    .addHelpText('after', verifyHelp)
    .action((options: ImageOptions) => compare(options, false));
  onImages(golden, 'diff', 'say block by block where raw image files differ from a golden image')
    .addHelpText('after', diffHelp)
    .action((options: ImageOptions) => compare(options, true));
  onImages(golden, 'accept', 'make raw image files the golden image from now on')
    .option('--note <text>', 'why', '')
    .addHelpText('after', acceptHelp)
    .action(accept);
}

interface RecordOptions {
  readonly image: readonly string[];
  readonly out: string;
  readonly block: number;
  readonly note: string;
}

function onImages(golden: Command, name: string, description: string): Command {
  return golden
    .command(name)
    .description(description)
    .requiredOption('--golden <file>', 'the golden image')
    .requiredOption('--image <file>', 'raw image of a volume; once for each, in order', gather(String));
}

async function goldenOf(images: readonly string[], blockBytes: number, note: string): Promise<Golden> {
  const sources: RawFileSource[] = [];
  try {
    for (const path of images) sources.push(await RawFileSource.open(path, blockBytes));
    const createdBy = 'coldframe golden record';
    return await recordGolden(sources, { generation: 0, epoch: 0, createdBy, note, history: [] });
  } finally {
    for (const source of sources) await source.close();
  }
}

async function compare({ golden: path, image }: ImageOptions, explained: boolean): Promise<void> {
  const golden = await loadGolden(path);
  const spans = diffGolden(golden, await goldenOf(image, golden.blockBytes, ''));
  if (spans.length === 0) {
    process.stdout.write('the images are the golden image\n');
    return;
  }
  for (const line of spansText(spans, golden.blockBytes)) process.stdout.write(`${line}\n`);
  if (explained)
    for await (const line of explanations(image, spans, golden.blockBytes)) process.stdout.write(`${line}\n`);
  throw new RefusalError('golden-mismatch', counted(spans.length, 'wrong range'));
}

/** What each wrong block holds. */
async function* explanations(images: readonly string[], spans: readonly VolumeSpan[], blockBytes: number) {
  for (const { volume, first, count } of spans) {
    const source = await RawFileSource.open(images[volume] ?? '', blockBytes);
    try {
      for (let block = first; block < first + count; block += 1) {
        yield explainBlock({ volume, block }, await source.read(block, 1));
      }
    } finally {
      await source.close();
    }
  }
}

async function accept({ golden: path, image, note }: ImageOptions & { readonly note: string }): Promise<void> {
  const previous = await loadGolden(path);
  const next = await goldenOf(image, previous.blockBytes, note);
  await saveGolden(path, acceptGolden(previous, next, { createdBy: 'coldframe golden accept', note }));
}
