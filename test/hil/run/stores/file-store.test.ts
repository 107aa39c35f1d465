import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import fc from 'fast-check';
import type { DurableStep } from '../../../../firmware-sim/disk/store.js';
import { Random } from '../../../../hil/random.js';
import { FileStore, type FileStoreOptions } from '../../../../hil/run/stores/file-store.js';
import { writeZeros } from '../../../../hil/run/stores/holes.js';
import { runsOf } from '../../../../hil/run/stores/write-runs.js';
import { RefusalError } from '../../../../protocol/refusals.js';

const module = fileURLToPath(new URL('../../../../hil/run/stores/file-store.js', import.meta.url));
const mib = 2 ** 20;
const write = (offset: number, data: Uint8Array): DurableStep => ({ writes: [{ offset, data }], punches: [] });
const punch = (offset: number, length: number): DurableStep => ({ writes: [], punches: [{ offset, length }] });

describe('the file under an emulated disk', () => {
  let folder = '';
  let path = '';
  let open: FileStore[] = [];
  const storeOf = (options: Partial<FileStoreOptions> = {}) => {
    const store = new FileStore({ path, ...options });
    open.push(store);
    return store;
  };
  const refusalOf = (act: () => unknown) => {
    try {
      act();
    } catch (error) {
      if (error instanceof RefusalError) return error.refusal;
      throw error;
    }
    return expect.fail('it was not refused');
  };
  const readAll = (store: FileStore, offset: number, length: number) => {
    const into = Buffer.alloc(length, 0xee);
    store.read(offset, into);
    return into;
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coldframe-store-'));
    path = join(folder, 'disk.img');
  });
  afterEach(async () => {
    await Promise.all(open.map((store) => store.close()));
    open = [];
    await rm(folder, { recursive: true });
  });

  it('is made with its size, as one hole', () => {
    const store = storeOf({ sizeBytes: 2 ** 40 });
    expect(statSync(path)).to.include({ size: 2 ** 40, blocks: 0 });
    expect(store.allocated(0, 2 ** 40, 10)).to.deep.equal([]);
    expect(readAll(store, 2 ** 40 - 4096, 4096).equals(Buffer.alloc(4096))).to.equal(true);
  });

  it('gives back what was written, also to the next process that opens it', async () => {
    const data = new Random('data').fill(Buffer.alloc(100_000));
    const store = storeOf({ sizeBytes: mib });
    expect(await store.persist(write(5_000, data))).to.deep.equal({ ok: true });
    expect(readAll(store, 5_000, data.length).equals(data)).to.equal(true);
    await store.close();
    expect(readFileSync(path).subarray(5_000, 105_000).equals(data)).to.equal(true);
    expect(readAll(storeOf(), 5_000, data.length).equals(data)).to.equal(true);
  });

  it('is what a list of bytes would be, after any writes and punches', async () => {
    const place = fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 250 }), fc.integer({ min: 1, max: 40 }));
    await fc.assert(
      fc.asyncProperty(fc.array(place, { maxLength: 8 }), async (places) => {
        const store = new FileStore({ path, sizeBytes: 300 * 512 });
        const expected = readAll(store, 0, 300 * 512);
        const steps = places.map(([isWrite, sector, sectors], index) => {
          const length = Math.min(sectors, 300 - sector) * 512;
          expected.fill(isWrite ? index + 1 : 0, sector * 512, sector * 512 + length);
          return isWrite ? write(sector * 512, Buffer.alloc(length, index + 1)) : punch(sector * 512, length);
        });
        const outcomes = await Promise.all(steps.map((step) => store.persist(step)));
        expect(outcomes.every(({ ok }) => ok)).to.equal(true);
        expect(readAll(store, 0, 300 * 512).equals(expected)).to.equal(true);
        await store.close();
      }),
      { numRuns: 50 },
    );
  });

  it('tells which runs hold data, as many as asked for, cut to the range', async () => {
    const store = storeOf({ sizeBytes: 10 * mib });
    for (const at of [1, 3, 7]) await store.persist(write(at * mib, Buffer.alloc(65_536, 1)));
    const run = (at: number) => ({ offset: at * mib, length: 65_536 });
    expect(store.allocated(0, 10 * mib, 10)).to.deep.equal([run(1), run(3), run(7)]);
    expect(store.allocated(0, 10 * mib, 2)).to.deep.equal([run(1), run(3)]);
    expect(store.allocated(mib + 4096, 8192, 10)).to.deep.equal([{ offset: mib + 4096, length: 8192 }]);
    expect(store.allocated(8 * mib, mib, 10)).to.deep.equal([]);
    expect(store.allocated(0, 0, 10)).to.deep.equal([]);
  });

  it('gives the room of punched ranges back', async () => {
    const store = storeOf({ sizeBytes: 2 ** 40 });
    await store.persist(write(mib, Buffer.alloc(4 * mib, 1)));
    expect(statSync(path).blocks).to.be.at.least(8 * 1024);
    expect(await store.persist(punch(0, 2 ** 40))).to.deep.equal({ ok: true });
    expect(statSync(path)).to.include({ size: 2 ** 40, blocks: 0 });
    expect(readAll(store, mib, 4096).equals(Buffer.alloc(4096))).to.equal(true);
  });

  it('zeroes only what holds data where a file system cannot punch', async () => {
    const store = storeOf({ sizeBytes: 2 ** 40 });
    await store.persist(write(mib, Buffer.alloc(mib + 512, 1)));
    const { openSync, closeSync } = await import('node:fs');
    const fd = openSync(path, 'r+');
    await writeZeros(fd, { offset: 0, length: 2 ** 40 });
    closeSync(fd);
    expect(readAll(store, mib, mib + 512).equals(Buffer.alloc(mib + 512))).to.equal(true);
    expect(statSync(path).blocks * 512).to.be.lessThan(3 * mib);
  });

  it('writes neighbours together, up to 1024 of them', () => {
    const data = Buffer.alloc(512);
    const at = (sector: number) => ({ offset: sector * 512, data });
    const runs = runsOf([at(9), at(2), at(1), at(3)]);
    expect(runs.map(({ offset, bytes }) => [offset / 512, bytes / 512])).to.deep.equal([
      [1, 3],
      [9, 1],
    ]);
    const many = runsOf(Array.from({ length: 1500 }, (_, sector) => at(sector)));
    expect(many.map(({ buffers }) => buffers.length)).to.deep.equal([1024, 476]);
  });

  it('finishes what it was asked for before it closes', async () => {
    const store = storeOf({ sizeBytes: 8 * mib });
    const outcomes = [1, 2, 3].map((at) => store.persist(write(at * mib, Buffer.alloc(mib, at))));
    await store.close();
    expect(await Promise.all(outcomes)).to.deep.equal([{ ok: true }, { ok: true }, { ok: true }]);
    expect(readFileSync(path)[3 * mib]).to.equal(3);
  });

  it('says that it is full when the system takes no more, and goes on when it does', () => {
    // A limit on the size of files, which a child can set for itself, is the one way to run out of room anywhere.
    const script = `
      import { FileStore } from ${JSON.stringify(module)};
      process.on('SIGXFSZ', () => {});
      const store = new FileStore({ path: ${JSON.stringify(path)} });
      const step = (offset) => ({ writes: [{ offset, data: Buffer.alloc(65536, 1) }], punches: [] });
      const [first, second, third] = await Promise.all([0, 1048576, 65536].map((at) => store.persist(step(at))));
      console.log(first.ok, second.reason, third.ok);
      await store.close();`;
    writeFileSync(path, '');
    truncateSync(path, 8 * mib);
    const node = `${process.execPath} --input-type=module -e "$SCRIPT"`;
    const { stdout } = spawnSync('bash', ['-c', `ulimit -f 1024; exec ${node}`], {
      env: { ...process.env, SCRIPT: script },
    });
    expect(stdout.toString()).to.equal('true full true\n');
  });

  describe('is refused', () => {
    it('when it is missing and no size is given, and is not made', () => {
      expect(refusalOf(() => storeOf())).to.deep.equal({ code: 'file-missing', detail: path });
      expect(refusalOf(() => storeOf({ sizeBytes: mib, readOnly: true })).code).to.equal('file-missing');
      expect(existsSync(path)).to.equal(false);
    });

    it('when it has another size, and keeps it', async () => {
      await storeOf({ sizeBytes: mib }).close();
      expect(refusalOf(() => storeOf({ sizeBytes: 2 * mib }))).to.deep.equal({
        code: 'file-size',
        detail: `${path} has 1MiB, not 2MiB`,
      });
      expect(storeOf({ sizeBytes: mib }).sizeBytes).to.equal(mib);
    });

    it('when its size is none of whole sectors', () => {
      writeFileSync(path, 'x'.repeat(513));
      expect(refusalOf(() => storeOf()).code).to.equal('file-size');
      expect(refusalOf(() => storeOf({ sizeBytes: 513 })).code).to.equal('file-size');
      writeFileSync(path, '');
      expect(refusalOf(() => storeOf()).code).to.equal('file-size');
    });

    it('when it is a folder or a device', () => {
      expect(refusalOf(() => new FileStore({ path: folder })).code).to.equal('file-unreadable');
      expect(refusalOf(() => new FileStore({ path: '/dev/null' })).code).to.equal('file-unreadable');
    });

    it('while another process has it, which is named; not any more once that was killed', async () => {
      writeFileSync(path, Buffer.alloc(mib));
      const script = `import { FileStore } from ${JSON.stringify(module)};
        new FileStore({ path: ${JSON.stringify(path)} }); console.log('open'); setInterval(() => {}, 1000);`;
      const other = spawn(process.execPath, ['--input-type=module', '-e', script]);
      await new Promise((resolve) => other.stdout.once('data', resolve));
      for (const readOnly of [false, true]) {
        const { code, detail } = refusalOf(() => storeOf({ readOnly }));
        expect(code).to.equal('file-in-use');
        expect(detail.startsWith(`${path}, by process ${other.pid} (${process.execPath} `), detail).to.equal(true);
      }
      const ended = new Promise((resolve) => other.on('close', resolve));
      other.kill('SIGKILL');
      await ended;
      expect(storeOf().locked).to.equal(true);
    });
  });

  it('is shared by those who only read', () => {
    writeFileSync(path, Buffer.alloc(mib, 7));
    chmodSync(path, 0o444);
    const [a, b] = [storeOf({ readOnly: true }), storeOf({ readOnly: true })];
    expect(readAll(a, 0, 10)).to.deep.equal(readAll(b, 0, 10));
    expect(refusalOf(() => storeOf()).code).to.be.oneOf(['file-in-use', 'file-unreadable']);
    expect(() => a.persist(write(0, Buffer.alloc(512)))).to.throw('takes none');
  });

  it('reads no further than its end', () => {
    const store = storeOf({ sizeBytes: mib });
    expect(() => readAll(store, mib - 512, 1024)).to.throw('passes the end');
    truncateSync(path, mib / 2);
    expect(refusalOf(() => readAll(store, mib / 2 - 512, 1024)).detail).to.equal(`${path} ends at ${mib / 2}`);
  });
});
