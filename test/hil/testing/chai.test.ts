import { AssertionError, expect, use } from 'chai';
import { EmulatorBench } from '../../../hil/bench/emulator-bench.js';
import { coldframe } from '../../../hil/testing/chai.js';
import { useBench } from '../../../hil/testing/mocha.js';

use(coldframe);

async function failureOf(expectation: Promise<void>): Promise<string> {
  const error = await expectation.then(
    () => expect.fail('the expectation held'),
    (reason: unknown) => reason,
  );
  expect(error).to.be.instanceOf(AssertionError);
  return (error as Error).message;
}

describe('expectations about a bench', () => {
  const bench = useBench({ volumes: ['64KiB', '64KiB'], bench: 'emulator' });

  it('leave chai’s own match as it is', () => {
    expect('coldframe').to.match(/frame$/);
    expect('coldframe').not.to.match(/^frame/);
    expect(() => expect('coldframe').to.match(/warm/)).to.throw(AssertionError);
  });

  it('hold for the image that was frozen, and for nothing else', async () => {
    await bench.workload({ writes: 30 });
    const first = await bench.freeze();
    await bench.wait(first);
    await bench.write(1, 0, Buffer.alloc(512, 1));
    const second = await bench.freeze();
    await bench.wait(second);
    await expect(bench.sub).to.match(second);
    await expect(bench.sub).to.match(second.golden);
    await expect(bench.main).to.match(await bench.newest());
    await expect(bench.main).not.to.match(first);
  });

  it('name the wrong blocks and what they hold', async () => {
    await bench.workload({ writes: 5, profile: 'sequential' });
    await bench.settle();
    const image = await bench.freeze();
    await bench.wait(image, 'structured');
    await bench.write(0, 4096, Buffer.alloc(512, 7));
    const message = await failureOf(expect(bench.main).to.match(image));
    expect(message).to.match(
      /^expected main to give the image\n {2}1 wrong block: block 1 of volume 0\n {2}block 1 of volume 0 /,
    );
    expect(message).to.match(/sector 0 holds data without a stamp/);
  });

  it('tell a sub whose medium has changed', async () => {
    await bench.workload({ writes: 5, profile: 'sequential' });
    await bench.settle();
    const image = await bench.freeze();
    await bench.wait(image, 'structured');
    const disk = (bench.bench as EmulatorBench).emulated.subDisks.get('secondary0');
    disk?.store.apply({ writes: [{ offset: 65_024, data: Buffer.alloc(512, 9) }], punches: [] });
    expect(bench.bench).to.be.instanceOf(EmulatorBench);
    const message = await failureOf(expect(bench.sub).to.match(image));
    expect(message).to.match(
      /1 wrong block: block 15 of volume 0\n {2}block 15 of volume 0 cannot be read: scsi-error/,
    );
  });

  it('tell which generation is committed', async () => {
    await expect(bench.sub).to.have.committed(0);
    await expect(bench.sub).not.to.have.committed(1);
    const message = await failureOf(expect(bench.sub).to.have.committed(2));
    expect(message).to.equal('expected sub to have committed generation 2, which was never frozen; it has committed 0');
  });
});

describe('a bench of a suite', () => {
  const bench = useBench({ volumes: ['64KiB'], bench: 'emulator' });

  for (const time of ['first', 'second']) {
    it(`is as new in each test (${time})`, async () => {
      expect((await bench.main.status()).frozen).to.equal(0);
      expect(Buffer.from(await bench.main.read(0, 0, 4096)).equals(Buffer.alloc(4096))).to.equal(true);
      await bench.write(0, 0, Buffer.alloc(4096, 1));
      await bench.freeze();
    });
  }
});
