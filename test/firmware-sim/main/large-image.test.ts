/** An image so large that saying what it is takes many steps: nobody waits for it meanwhile. */
import { expect } from 'chai';
import { summedPerTurn } from '../../../firmware-sim/replica/summary.js';
import { EmulatedBench } from '../../../hil/bench/emulated-bench.js';

const turns = 6;
const blocks = turns * summedPerTurn;

interface Large {
  readonly bench: EmulatedBench;
  /** Marks of main with their times, in order. */
  readonly marks: { readonly name: string; readonly atUs: number }[];
}

/** A pair to whose sub all of a large difference has streamed. */
async function streamed(): Promise<Large> {
  const marks: Large['marks'] = [];
  const bench = new EmulatedBench({
    method: 'streaming',
    volumes: [blocks * 4096],
    wrap: (name, device) => ({
      step: (event, nowUs) => {
        const effects = device.step(event, nowUs);
        for (const each of effects) {
          if (name === 'main' && each.kind === 'mark') marks.push({ name: each.name, atUs: nowUs });
        }
        return effects;
      },
      transmit: (port, nowUs) => device.transmit(port, nowUs),
      deadline: () => device.deadline(),
    }),
  });
  await bench.run(bench.host.opened());
  await bench.run(bench.subHost.opened());
  await bench.run(bench.host.command(0, { op: 'unmap', ranges: [{ lba: 0, sectors: blocks * 8 }] }));
  await bench.pass(60_000_000);
  return { bench, marks };
}

const freeze = ({ bench }: Large) => bench.run(bench.host.freeze(Buffer.alloc(16, 1)));
const atUs = ({ marks }: Large, name: string) => marks.find((each) => each.name === name)?.atUs ?? Number.NaN;

describe('a large image that has streamed before its freeze', () => {
  it('is not summed up in the step that a freeze or a host command waits for', async () => {
    const large = await streamed();
    const { generation } = await freeze(large);
    expect(large.marks.map(({ name }) => name))
      .to.include('frozen')
      .and.not.to.include('complete');
    await large.bench.run(large.bench.host.read(0, 0, 4096));
    expect(large.marks.map(({ name }) => name)).not.to.include('complete');
    await large.bench.run(large.bench.host.wait(generation, 'structured'));
    expect(atUs(large, 'complete') - atUs(large, 'frozen')).to.be.within(turns * 1000, 2 * turns * 1000);
  });

  for (const [what, cut, mend] of [
    [
      'the line is lost',
      (bench: EmulatedBench) => bench.kernel.cut(bench.lines.remote),
      (bench: EmulatedBench) => bench.kernel.restore(bench.lines.remote),
    ],
    [
      'the power of main goes',
      (bench: EmulatedBench) => bench.powerCut('main'),
      (bench: EmulatedBench) => bench.powerOn('main'),
    ],
  ] as const) {
    it(`is completed though ${what} while it is summed up`, async () => {
      const large = await streamed();
      const { generation } = await freeze(large);
      await large.bench.pass(3000);
      expect(large.marks.map(({ name }) => name)).not.to.include('complete');
      cut(large.bench);
      await large.bench.pass(1_000_000);
      mend(large.bench);
      await large.bench.run(large.bench.host.opened());
      await large.bench.run(large.bench.host.wait(generation, 'structured'));
    });
  }
});
