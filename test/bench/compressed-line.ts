/**
 * What compression makes of a line of 115200 baud, in virtual time: an ext4 image in texts and programs of this computer,
 * and data that does not shrink.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmulatedBench } from '../../hil/bench/emulated-bench.js';
import type { Compress } from '../../hil/run/compress.js';
import { isZero } from '../../protocol/digest.js';
import { secondsSince } from './processor-time.js';
import type { Row } from './row.js';

const baud = 115_200;
const blockBytes = 4096;
/** Of each kind of file. */
const filesBytes = 4_000_000;
const fileBytesMax = 2 ** 20;
const volumeBytes = 16 * 2 ** 20;
const noiseBytes = 2 ** 20;
/** Files that hold compressed data. */
const compressedName = /\.(gz|xz|bz2|zst|png|gif|jpg|svgz)$/;
const folders = { texts: '/usr/share/doc', programs: '/usr/bin' } as const;

export async function compressedLine(): Promise<Row[]> {
  return [...(await imageRows()), await noiseRow()];
}

async function imageRows(): Promise<Row[]> {
  const image = ext4Image();
  if (image === undefined) return [];
  const [off, auto] = [await transfer(image, 'off'), await transfer(image, 'auto')];
  const about = `${off.contentBytes} bytes of ${Object.values(folders).join(' and ')}, ${auto.bytes} on the line`;
  return [
    {
      ...{
        name: 'bytes of an ext4 image over line bytes, 115200 baud',
        value: auto.contentBytes / auto.bytes,
        unit: '×',
      },
      limit: { at: 'least', value: 2.5 },
      beside: `${about}; ${minutes(auto.us)} in place of ${minutes(off.us)}`,
    },
    {
      ...{ name: 'image bytes through a compressing pair over 3 Mbaud', unit: '×' },
      value: auto.contentBytes / auto.processorSeconds / 300_000,
      limit: { at: 'least', value: 3 },
      beside: 'both controllers, disks and lines in one process: faster than what the line takes of them',
    },
  ];
}

async function noiseRow(): Promise<Row> {
  const noise = noiseOf(noiseBytes);
  const [off, auto] = [await transfer(noise, 'off'), await transfer(noise, 'auto')];
  return {
    ...{ name: 'time of data that does not shrink, compression over none', value: auto.us / off.us, unit: '×' },
    limit: { at: 'most', value: 1.001 },
    beside: `${auto.bytes} and ${off.bytes} bytes on the line`,
  };
}

const minutes = (us: number): string => `${(us / 60e6).toFixed(1)} min`;

/** A full copy from its freeze until it is structured. */
async function transfer(contents: Buffer, compress: Compress) {
  const bench = new EmulatedBench({
    ...{ method: 'differential', volumes: [contents.length], blockBytes, compress },
    ...{ remoteLine: { baud, latencyUs: 1000, bitErrorRate: 0, dropRate: 0 }, patienceUs: 36_000_000_000 },
  });
  for (let at = 0; at < contents.length; at += 2 ** 20) {
    const part = contents.subarray(at, at + 2 ** 20);
    if (!isZero(part)) await bench.run(bench.host.write(0, at, Buffer.from(part)).done);
  }
  const [before] = bench.lines.remote.counts();
  const [fromUs, cpu] = [bench.kernel.nowUs, process.cpuUsage()];
  const { generation } = await bench.run(bench.host.freeze(Buffer.alloc(16, 1)));
  await bench.run(bench.host.wait(generation, 'structured'));
  const processorSeconds = secondsSince(cpu);
  const [after] = bench.lines.remote.counts();
  if (!bench.durable('secondary0').equals(contents)) throw new Error('the image is another one');
  const us = bench.kernel.nowUs - fromUs;
  return {
    us,
    bytes: after.carriedBytes - before.carriedBytes,
    processorSeconds,
    contentBytes: writtenBytes(contents),
  };
}

/** Bytes of blocks that are not zeros. */
function writtenBytes(contents: Buffer): number {
  let bytes = 0;
  for (let at = 0; at < contents.length; at += blockBytes) {
    if (!isZero(contents.subarray(at, at + blockBytes))) bytes += blockBytes;
  }
  return bytes;
}

/** The same bytes everywhere, that nothing makes smaller. */
function noiseOf(bytes: number): Buffer {
  const digest = (at: number) => createHash('sha512').update(`noise ${at}`).digest();
  return Buffer.concat(Array.from({ length: bytes / 64 }, (_, at) => digest(at)));
}

/** Undefined where there is no mke2fs. */
function ext4Image(): Buffer | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'coldframe-bench-'));
  try {
    const tree = join(folder, 'tree');
    for (const [name, source] of Object.entries(folders)) copyFiles(source, join(tree, name));
    const path = join(folder, 'image');
    const identity = [
      '-U',
      '11111111-2222-3333-4444-555555555555',
      '-E',
      'hash_seed=11111111-2222-3333-4444-666666666666',
    ];
    const options = ['-q', '-F', '-t', 'ext4', '-O', '^has_journal', ...identity, '-d', tree];
    const env = { ...process.env, E2FSPROGS_FAKE_TIME: '1700000000' };
    const made = spawnSync('mke2fs', [...options, path, `${volumeBytes / 1024}k`], { env });
    return made.status === 0 ? readFileSync(path) : undefined;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The first files of a folder in the order of their names, as many as are wanted. */
function copyFiles(source: string, target: string): void {
  mkdirSync(target, { recursive: true });
  const entries = readdirSync(source, { withFileTypes: true, recursive: true });
  const paths = entries.filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name));
  let left = filesBytes;
  for (const path of paths.filter((each) => !compressedName.test(each)).sort()) {
    const { size } = lstatSync(path);
    if (size === 0 || size > Math.min(left, fileBytesMax)) continue;
    copyFileSync(path, join(target, path.replaceAll('/', '_')));
    left -= size;
  }
}
