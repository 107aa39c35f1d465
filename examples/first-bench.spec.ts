/**
 * A first bench: `npx mocha` runs it on two models in virtual time, COLDFRAME_BENCH=processes on models as processes,
 * and COLDFRAME_BENCH=my-board.yaml on your own controller.
 */
import { expect, use } from 'chai';
import { RefusalError } from 'coldframe';
import { coldframe } from 'coldframe/chai';
import { useBench } from 'coldframe/mocha';

use(coldframe);

describe('a pair of controllers', () => {
  const bench = useBench({ method: 'differential', volumes: ['1MiB'] });

  it('copies what the host had written at the freeze, not what it wrote afterwards', async () => {
    await bench.write(0, 0, Buffer.alloc(8192, 'before'));
    const image = await bench.freeze();
    await bench.write(0, 4096, Buffer.alloc(4096, 'after'));
    await bench.wait(image);
    await expect(bench.sub).to.have.committed(image.generation);
    await expect(bench.sub).to.match(image);
    await expect(bench.main).to.match(await bench.newest());
    await expect(bench.main).not.to.match(image);
  });

  it('gives the previous image until the next one is committed', async function () {
    if (!bench.bench.can.cutRemote) this.skip();
    await bench.workload({ writes: 20 });
    const first = await bench.freeze();
    await bench.wait(first);
    await bench.workload({ writes: 20, profile: 'overwrite-in-flight', seed: 2 });
    bench.bench.cutRemote();
    const second = await bench.freeze();
    await expect(bench.sub).to.match(first);
    bench.bench.restoreRemote();
    await bench.wait(second);
    await expect(bench.sub).to.match(second);
  });

  it('refuses a freeze while an image is on its way', async function () {
    if (!bench.bench.can.cutRemote) this.skip();
    await bench.workload({ writes: 10 });
    bench.bench.cutRemote();
    await bench.freeze();
    const refused = await bench.freeze().catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(RefusalError).with.nested.property('refusal.code', 'transfer-in-progress');
    bench.bench.restoreRemote();
  });
});
