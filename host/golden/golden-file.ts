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
import { open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { digestBytes } from '../../protocol/message/messages.js';
import { RefusalError } from '../../protocol/refusals.js';
import { DigestMap } from './digest-map.js';
import { withFile } from './file-refusal.js';
import { type Golden, type GoldenHeader, generationDigest, goldenFormat, goldenHeaderSchema } from './golden.js';

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
    const file = await open(path, 'r');
    for await (const line of file.readLines()) parser.line(line);
  });
  return parser.finish();
}

/** The renaming would put a file in the place of a device or a directory. */
async function refuseSpecial(path: string): Promise<void> {
  const stats = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  if (stats?.isFile() === false) throw new RefusalError('file-unreadable', `${path} is no ordinary file`);
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

/** Takes the lines of a manifest one after the other. */
class ManifestParser {
  readonly #path: string;
  #number = 0;
  #header: GoldenHeader | undefined;
  #volumes: { bytes: number; digests: DigestMap }[] = [];
  #volume = 0;
  #next = 0;

  constructor(path: string) {
    this.#path = path;
  }

  line(text: string): void {
    this.#number += 1;
    if (this.#header === undefined) this.#readHeader(text);
    else if (text !== '') this.#readBlocks(this.#header, text);
  }

  /** The image, when the file was whole. */
  finish(): Golden {
    if (this.#header === undefined) throw this.#invalid('the file is empty');
    const { blockBytes, digest, volumes, provenance } = this.#header;
    for (const [volume, { writtenBlocks }] of volumes.entries()) {
      const found = this.#volumes[volume]?.digests.size ?? 0;
      if (found !== writtenBlocks) {
        throw this.#invalid(`volume ${volume} has ${found} blocks, the header says ${writtenBlocks}: cut short?`);
      }
    }
    const computed = generationDigest(this.#volumes);
    if (computed !== digest) throw this.#invalid(`digest over all lines is ${computed}, the header says ${digest}`);
    return { blockBytes, digest, volumes: this.#volumes, provenance };
  }

  #readHeader(text: string): void {
    const parsed = goldenHeaderSchema.safeParse(this.#json(text));
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      throw this.#invalid(`${issue?.path.join('.') || 'header'}: ${issue?.message}`);
    }
    for (const [volume, { bytes }] of parsed.data.volumes.entries()) {
      if (bytes % parsed.data.blockBytes !== 0) throw this.#invalid(`volumes.${volume}.bytes: not whole blocks`);
      this.#volumes.push({ bytes, digests: new DigestMap() });
    }
    this.#header = parsed.data;
  }

  #json(text: string): unknown {
    try {
      return JSON.parse(text);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw this.#invalid('the header is not JSON');
    }
  }

  #readBlocks(header: GoldenHeader, text: string): void {
    const match = /^([0-7]) (\d{1,16})\+(\d{1,2}) ([A-Za-z0-9+/]+={0,2})$/.exec(text);
    if (match === null) throw this.#invalid('not of the form "volume first+count digests"');
    const [volume, first, count] = [Number(match[1]), Number(match[2]), Number(match[3])];
    const digests = Buffer.from(match[4] ?? '', 'base64');
    const into = this.#volumes[volume];
    if (into === undefined) throw this.#invalid(`there is no volume ${volume}`);
    if (digests.length !== count * digestBytes) throw this.#invalid(`${digests.length} bytes for ${count} digests`);
    if (volume < this.#volume || (volume === this.#volume && first < this.#next)) throw this.#invalid('out of order');
    if (first + count > into.bytes / header.blockBytes) throw this.#invalid('passes the end of the volume');
    for (let index = 0; index < count; index += 1) {
      into.digests.append(first + index, digests.subarray(index * digestBytes, (index + 1) * digestBytes));
    }
    this.#volume = volume;
    this.#next = first + count;
  }

  #invalid(detail: string): RefusalError {
    return new RefusalError('golden-invalid', `${this.#path}, line ${Math.max(1, this.#number)}: ${detail}`);
  }
}
