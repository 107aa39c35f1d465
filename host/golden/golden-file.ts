/**
 * The manifest of a golden image as a text file.
 *
 *     {"coldframeGolden":1,"blockBytes":4096,"digest":"…","volumes":[{"bytes":67108864,"writtenBlocks":3}],"provenance":{…}}
 *     0 16+2 q83v…   volume, first block + how many, content digests of 16 bytes each in base64
 *     0 900+1 AAEC…
 *
 * Lines are in ascending order and none passes a multiple of 16 blocks, so that a changed block changes one line.
 * What is not named is zero. The digest in the header covers every line.
 */

import { createReadStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { noOrdinaryFile } from '../advised-refusal.js';
import { withFile } from './file-refusal.js';
import { type Golden, type GoldenHeader, goldenFormat } from './golden.js';
import { ManifestParser } from './manifest-parser.js';

/** No line of the file passes a multiple of this many blocks. */
const lineBlocks = 16;
/** Characters that are gathered before they are written. */
const writeCharacters = 2 ** 16;

/**
 * Writes the manifest whole or not at all: to a file beside it, synchronized, then renamed over `path`. Refuses
 * `file-missing` (no such directory), `file-unreadable` and `disk-full`.
 */
export async function saveGolden(path: string, golden: Golden): Promise<void> {
  const temporary = `${path}.${process.pid}.new`;
  await withFile(path, async () => {
    await refuseSpecial(path);
    try {
      await writeSynchronized(temporary, manifestTexts(golden));
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    const directory = await open(dirname(path), 'r');
    await directory.sync().finally(() => directory.close());
  });
}

/**
 * Reads a manifest and checks all of it. Refuses `file-missing`, `file-unreadable`, and `golden-invalid` with the line
 * that is wrong.
 */
export async function loadGolden(path: string): Promise<Golden> {
  const parser = new ManifestParser(path);
  await withFile(path, async () => {
    for await (const bytes of createReadStream(path)) parser.push(bytes as Buffer);
  });
  return parser.finish();
}

/** The renaming would put a file in the place of a device or a directory. */
async function refuseSpecial(path: string): Promise<void> {
  const stats = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  if (stats?.isFile() === false) throw noOrdinaryFile(path);
}

async function writeSynchronized(path: string, texts: Iterable<string>): Promise<void> {
  const file = await open(path, 'w');
  try {
    for (const text of texts) await file.write(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

function* manifestTexts(golden: Golden): Iterable<string> {
  const header: GoldenHeader = {
    coldframeGolden: goldenFormat,
    blockBytes: golden.blockBytes,
    digest: golden.digest,
    volumes: golden.volumes.map(({ bytes, digests }) => ({ bytes, writtenBlocks: digests.size })),
    provenance: golden.provenance,
  };
  let text = `${JSON.stringify(header)}\n`;
  for (const [volume, { digests: map }] of golden.volumes.entries()) {
    for (const { first, count, digests } of map.spans(lineBlocks)) {
      text += `${volume} ${first}+${count} ${Buffer.from(digests).toString('base64')}\n`;
      if (text.length < writeCharacters) continue;
      yield text;
      text = '';
    }
  }
  yield text;
}
