/** What `coldframe golden` does with raw image files. */
import { statSync } from 'node:fs';
import { acceptGolden } from '../../host/golden/accept.js';
import { RawFileSource } from '../../host/golden/block-source.js';
import { diffGolden } from '../../host/golden/diff.js';
import type { Golden, VolumeSpan } from '../../host/golden/golden.js';
import { loadGolden, saveGolden } from '../../host/golden/golden-file.js';
import { recordGolden } from '../../host/golden/record.js';
import { explainBlock } from '../../host/workload/explain.js';
import { RefusalError } from '../../protocol/refusals.js';
import { counted } from '../report/quantity.js';
import { spansText } from './spans-text.js';
import { requireUnlocked } from './untouched-file.js';

export interface ImageOptions {
  readonly golden: string;
  readonly image: readonly string[];
}

export interface RecordOptions {
  readonly image: readonly string[];
  readonly out: string;
  readonly block: number;
  readonly note: string;
}

export async function record({ image, out, block, note }: RecordOptions): Promise<void> {
  await requireReplaceable(out);
  await saveGolden(out, await goldenOf(image, block, note));
}

/** A golden file may be recorded anew; anything else that is there is somebody's, an image perhaps. */
async function requireReplaceable(path: string): Promise<void> {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return;
  requireUnlocked(path);
  await loadGolden(path).catch((error: unknown) => {
    if (!(error instanceof RefusalError) || error.refusal.code !== 'golden-invalid') throw error;
    throw new RefusalError('file-exists', `${path}, which is no golden file`);
  });
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

/** Prints where the files differ, with what the wrong blocks hold if `explained`, and throws `golden-mismatch` then. */
export async function compare({ golden: path, image }: ImageOptions, explained: boolean): Promise<void> {
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

export async function accept({ golden: path, image, note }: ImageOptions & { readonly note: string }): Promise<void> {
  const previous = await loadGolden(path);
  const next = await goldenOf(image, previous.blockBytes, note);
  await saveGolden(path, acceptGolden(previous, next, { createdBy: 'coldframe golden accept', note }));
}
