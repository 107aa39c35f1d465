/**
 * Takes a manifest apart (golden-file.ts says how it looks), as its bytes come. What is no manifest, such as the raw image
 * given in its place, is refused before much of it has been read.
 */
import { digestBytes } from '../../protocol/message/messages.js';
import { RefusalError } from '../../protocol/refusals.js';
import { DigestMap } from './digest-map.js';
import { type Golden, type GoldenHeader, generationDigest, goldenHeaderSchema } from './golden.js';

/** The longest line, in bytes. Lines of blocks have some hundred; the first one has the whole history. */
const lineBytesMax = 2 ** 20;
const lineFeed = 0x0a;

/** Throws RefusalError `golden-invalid` with the line that is wrong. */
export class ManifestParser {
  readonly #path: string;
  #number = 0;
  #header: GoldenHeader | undefined;
  #volumes: { bytes: number; digests: DigestMap }[] = [];
  #volume = 0;
  #next = 0;
  /** Of the line that has not ended: copies. */
  #parts: Uint8Array[] = [];
  #partBytes = 0;

  /** `path` is the file's name in messages. */
  constructor(path: string) {
    this.#path = path;
  }

  /** Takes the next bytes of the file. */
  push(bytes: Uint8Array): void {
    let from = 0;
    for (let end = bytes.indexOf(lineFeed); end >= 0; end = bytes.indexOf(lineFeed, from)) {
      this.#part(bytes.subarray(from, end));
      this.#endLine();
      from = end + 1;
    }
    if (from < bytes.length) this.#part(bytes.slice(from));
  }

  /** The image, when the file was whole. */
  finish(): Golden {
    if (this.#partBytes > 0) this.#endLine();
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

  #part(bytes: Uint8Array): void {
    this.#partBytes += bytes.length;
    if (this.#partBytes > lineBytesMax) {
      this.#number += 1;
      throw this.#invalid(`longer than ${lineBytesMax} bytes: no golden file`);
    }
    this.#parts.push(bytes);
  }

  #endLine(): void {
    const text = Buffer.concat(this.#parts, this.#partBytes).toString('utf8');
    this.#parts = [];
    this.#partBytes = 0;
    this.#line(text.endsWith('\r') ? text.slice(0, -1) : text);
  }

  #line(text: string): void {
    this.#number += 1;
    if (this.#header === undefined) this.#readHeader(text);
    else if (text !== '') this.#readBlocks(this.#header, text);
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
