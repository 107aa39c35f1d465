import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { temporaryFolder } from '../../../../hil/bench/processes.js';
import { type OpenAreaOptions, openArea, parseArea } from '../../../../hil/run/disks/area.js';
import { RefusalError } from '../../../../protocol/refusals.js';

async function refusalOf(work: () => unknown): Promise<string> {
  try {
    return `no refusal, but ${await work()}`;
  } catch (error) {
    if (error instanceof RefusalError) return error.refusal.code;
    throw error;
  }
}

describe('areas', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  const path = (name: string) => join(folder.path, name);
  const sectorsOf = async (text: string, options: Partial<OpenAreaOptions> = {}) => {
    const disk = await openArea(parseArea(text), { role: 'main', ...options });
    await disk.close();
    return disk.sectors;
  };

  beforeEach(async () => {
    folder = await temporaryFolder();
  });
  afterEach(() => folder.remove());

  it('are memory, lines, or else paths', () => {
    expect(parseArea('memory:64MiB')).to.deep.equal({ kind: 'memory', sizeBytes: 64 * 2 ** 20 });
    expect(parseArea('memory:')).to.deep.equal({ kind: 'memory', sizeBytes: undefined });
    expect(parseArea('unix:/run/x')).to.deep.equal({ kind: 'line', address: { kind: 'unix', path: '/run/x' } });
    expect(parseArea('a/b.img')).to.deep.equal({ kind: 'file', path: 'a/b.img' });
    expect(parseArea('./unix:x')).to.deep.equal({ kind: 'file', path: './unix:x' });
  });

  it('refuse what is neither', async () => {
    expect(await refusalOf(() => parseArea(''))).to.equal('argument-invalid');
    expect(await refusalOf(() => parseArea('memory:x'))).to.equal('argument-invalid');
    expect(await refusalOf(() => parseArea('tcp://x'))).to.equal('line-address');
  });

  it('in memory have their own size, the given one, or the default', async () => {
    expect(await sectorsOf('memory:1MiB', { sizeBytes: 512 })).to.equal(2048);
    expect(await sectorsOf('memory:', { sizeBytes: 1024, sizeBytesDefault: 512 })).to.equal(2);
    expect(await sectorsOf('memory:', { sizeBytesDefault: 512 })).to.equal(1);
    expect(await refusalOf(() => sectorsOf('memory:'))).to.equal('argument-invalid');
    expect(await refusalOf(() => sectorsOf('memory:1000'))).to.equal('argument-invalid');
  });

  it('in files are made with the given size, else with the default, else not at all', async () => {
    expect(await sectorsOf(path('given'), { sizeBytes: 1024, sizeBytesDefault: 512 })).to.equal(2);
    expect(await sectorsOf(path('default'), { sizeBytesDefault: 512 })).to.equal(1);
    expect(await refusalOf(() => sectorsOf(path('none')))).to.equal('file-missing');
    expect(existsSync(path('none'))).to.equal(false);
  });

  it('in files that are there keep their size whatever the default is, but not against a given one', async () => {
    writeFileSync(path('there'), Buffer.alloc(2048));
    writeFileSync(path('empty'), '');
    expect(await sectorsOf(path('there'), { sizeBytesDefault: 512 })).to.equal(4);
    expect(await sectorsOf(path('there'))).to.equal(4);
    expect(await sectorsOf(path('empty'), { sizeBytesDefault: 512 })).to.equal(1);
    expect(await refusalOf(() => sectorsOf(path('there'), { sizeBytes: 512 }))).to.equal('file-size');
  });

  it('in a file that another has are refused', async () => {
    const first = await openArea(parseArea(path('one')), { role: 'main', sizeBytes: 512 });
    expect(await refusalOf(() => sectorsOf(path('one')))).to.equal('file-in-use');
    await first.close();
    expect(await sectorsOf(path('one'))).to.equal(1);
  });
});
