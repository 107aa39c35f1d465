import { mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { acceptGolden } from '../../../host/golden/accept.js';
import { diffGolden } from '../../../host/golden/diff.js';
import { type Golden, rangeDigest } from '../../../host/golden/golden.js';
import { loadGolden, saveGolden } from '../../../host/golden/golden-file.js';
import { recordGolden } from '../../../host/golden/record.js';
import { RefusalError } from '../../../protocol/refusals.js';
import { MemoryVolume, provenance, ramp } from './volumes.js';

// Digests from python3: hashlib.sha256 over struct.pack('<QQ', volume, block) + digest, and base64.
const generationHex = '69cfb7782032ce9c746a46fc1bb3ca7b';
const bodyLines = [
  '0 1+2 KDmP8Ea8U1ojfeGVFVKXviJyrmkbauml5qLnM5msD0k=',
  '0 17+1 csSpIuA9wLC0fhubj4RWjg==',
  '1 0+1 7q7EqHYOUP0d0J/iDT4Wpw==',
];
const volumes = (): MemoryVolume[] => [
  new MemoryVolume(64, [
    [1, ramp(1)],
    [2, ramp(2)],
    [17, ramp(3)],
  ]),
  new MemoryVolume(8, [[0, ramp(9)]]),
];

async function refusalOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof RefusalError)) throw new Error(`no refusal but ${error}`);
  return `${error.refusal.code}: ${error.refusal.detail.replace(/^.*?, line/, 'line')}`;
}

describe('golden image', () => {
  let golden: Golden;
  let directory: string;
  let path: string;
  beforeEach(async () => {
    golden = await recordGolden(volumes(), provenance);
    directory = await mkdtemp(join(tmpdir(), 'golden-'));
    path = join(directory, 'image.golden');
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('has the generation digest that an independent implementation computes', () => {
    expect(golden.digest).to.equal(generationHex);
  });

  it('gives range digests that an independent implementation computes', () => {
    const hex = (first: number, count: number): string =>
      Buffer.from(rangeDigest(golden, { volume: 0, first, count })).toString('hex');
    expect(hex(0, 64)).to.equal('480aba27e0feebe781c878bbbea5ee90');
    expect(hex(2, 16)).to.equal('902932d85fb2d76ae1c502acb1b52d84');
    expect(hex(3, 14)).to.equal('00000000000000000000000000000000');
  });

  it('is written as lines that an independent implementation would write', async () => {
    await saveGolden(path, golden);
    const [header, ...body] = (await readFile(path, 'utf8')).trimEnd().split('\n');
    expect(JSON.parse(header ?? '')).to.deep.equal({
      coldframeGolden: 1,
      blockBytes: 512,
      digest: generationHex,
      volumes: [
        { bytes: 32768, writtenBlocks: 3 },
        { bytes: 4096, writtenBlocks: 1 },
      ],
      provenance,
    });
    expect(body).to.deep.equal(bodyLines);
  });

  it('begins a new line at every sixteenth block, so that a changed block changes one line', async () => {
    const run = new MemoryVolume(
      64,
      [14, 15, 16, 17].map((block) => [block, ramp(block)] as const),
    );
    await saveGolden(path, await recordGolden([run], provenance));
    const [, ...body] = (await readFile(path, 'utf8')).trimEnd().split('\n');
    expect(body.map((line) => line.split(' ')[1])).to.deep.equal(['14+2', '16+2']);
  });

  it('is the same after it was saved and loaded, and leaves no other file behind', async () => {
    await saveGolden(path, golden);
    const loaded = await loadGolden(path);
    expect(diffGolden(golden, loaded)).to.deep.equal([]);
    expect(loaded.provenance).to.deep.equal(provenance);
    expect(await readdir(directory)).to.deep.equal(['image.golden']);
  });

  it('reads of a sparse volume only what is written in it', async () => {
    const large = new MemoryVolume(2 ** 31, [[2 ** 31 - 1, ramp(5)]]);
    expect((await recordGolden([large], provenance)).volumes[0]?.digests.size).to.equal(1);
    expect(large.blocksRead).to.equal(1);
  });

  it('is not written where there is no directory, and leaves the old one when it cannot be replaced', async () => {
    expect(await refusalOf(saveGolden(join(directory, 'none', 'image'), golden))).to.match(/^file-missing/);
    const taken = join(directory, 'taken');
    await mkdir(taken);
    await refusalOf(saveGolden(taken, golden));
    expect(await readdir(directory)).to.deep.equal(['taken']);
  });

  it('does not take the place of a device, as a file that is renamed would', async () => {
    const device = join(directory, 'device');
    await symlink('/dev/null', device);
    expect(await refusalOf(saveGolden(device, golden))).to.match(/^file-unreadable: .*no ordinary file/);
    expect(await readlink(device)).to.equal('/dev/null');
  });

  it('names the spans in which two images differ, be it content, a lost or an additional block', async () => {
    const other = volumes();
    other[0]?.contents.set(2, ramp(77)).set(3, ramp(1));
    other[0]?.contents.delete(17);
    const expected = [
      { volume: 0, first: 2, count: 2 },
      { volume: 0, first: 17, count: 1 },
    ];
    expect(diffGolden(golden, await recordGolden(other, provenance))).to.deep.equal(expected);
    expect(diffGolden(await recordGolden(other, provenance), golden)).to.deep.equal(expected);
  });

  it('refuses to compare images of groups of other sizes', async () => {
    const other = await recordGolden([new MemoryVolume(64)], provenance);
    expect(() => diffGolden(golden, other)).to.throw('golden-size');
  });

  it('keeps the digest that was golden before in its history when another image is accepted', async () => {
    const next = await recordGolden([new MemoryVolume(64), new MemoryVolume(8)], { ...provenance, generation: 4 });
    const accepted = acceptGolden(golden, next, { createdBy: 'accept', note: 'emptied on purpose' });
    const again = acceptGolden(accepted, golden, { createdBy: 'accept', note: 'back' });
    expect(accepted.digest).to.equal('0'.repeat(32));
    expect(again.provenance.note).to.equal('back');
    expect(again.provenance.history.map(({ digest, note }) => [digest, note])).to.deep.equal([
      [generationHex, 'täglich'],
      ['0'.repeat(32), 'emptied on purpose'],
    ]);
  });

  describe('refuses a manifest and names the line', () => {
    const cases: [string, (lines: string[]) => string[], RegExp][] = [
      ['that is empty', () => [], /^golden-invalid: line 1: the file is empty/],
      ['whose header is not JSON', (l) => ['{"', ...l.slice(1)], /^golden-invalid: line 1: the header is not JSON/],
      ['of a later format', (l) => [(l[0] ?? '').replace('Golden":1', 'Golden":2')], /line 1: coldframeGolden: /],
      ['with a digit of a digest changed', (l) => [l[0] ?? '', (l[1] ?? '').replace('KDm', 'KDn')], /line 2: volume 0/],
      [
        'with a digest changed',
        (l) => l.map((line) => line.replace('KDm', 'KDn')),
        /line 4: digest over all lines is [0-9a-f]{32}, the header says 69cf/,
      ],
      ['that is cut short', (l) => l.slice(0, 3), /line 3: volume 1 has 0 blocks, the header says 1: cut short/],
      ['with lines out of order', (l) => [l[0] ?? '', l[2] ?? '', l[1] ?? ''], /line 3: out of order/],
      ['with an unknown volume', (l) => [l[0] ?? '', (l[1] ?? '').replace('0 ', '5 ')], /line 2: there is no volume 5/],
      ['with a block outside', (l) => [l[0] ?? '', (l[2] ?? '').replace('17', '64')], /line 2: passes the end/],
      ['with too few digests', (l) => [l[0] ?? '', (l[2] ?? '').replace('+1', '+2')], /line 2: 16 bytes for 2 digests/],
      ['with a line of nonsense', (l) => [l[0] ?? '', 'nonsense'], /line 2: not of the form/],
    ];
    for (const [what, change, expected] of cases) {
      it(what, async () => {
        await saveGolden(path, golden);
        const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
        await writeFile(path, change(lines).join('\n'));
        expect(await refusalOf(loadGolden(path))).to.match(expected);
      });
    }

    it('but not for lines that end as in files of Windows', async () => {
      await saveGolden(path, golden);
      await writeFile(path, (await readFile(path, 'utf8')).replaceAll('\n', '\r\n'));
      expect((await loadGolden(path)).digest).to.equal(generationHex);
    });

    it('that is the raw image instead, of which it does not read much', async () => {
      await writeFile(path, '');
      await truncate(path, 2 ** 40);
      expect(await refusalOf(loadGolden(path))).to.match(/^golden-invalid: line 1: longer than 1048576 bytes/);
    });

    it('that is a directory', async () => {
      expect(await refusalOf(loadGolden(directory))).to.match(/^file-unreadable/);
    });

    it('that is not there', async () => {
      expect(await refusalOf(loadGolden(path))).to.match(/^file-missing/);
    });
  });
});
