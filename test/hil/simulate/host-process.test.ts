/** Processes of hosts that end while commands are under way, and others that take their places. */
import { expect } from 'chai';
import type { HostFault, Plan } from '../../../hil/simulate/plan.js';
import { PlanRun } from '../../../hil/simulate/run-plan.js';
import { tellStory } from '../../../hil/simulate/story.js';
import { smallPlan, writeAt } from './small-plan.js';

/** A write that main's disk holds for a second; meanwhile the process of the host ends, if told. */
function slowWrite(host?: Partial<HostFault>): Plan {
  const effect = { kind: 'slow', us: 1_000_000 } as const;
  return smallPlan(
    [writeAt(100_000, 3), { kind: 'read', atUs: 100_000, volume: 0 }],
    [
      { kind: 'disk', site: 'main', disk: 'primary0', operation: 'write', nth: 1, effect },
      ...(host === undefined ? [] : [{ kind: 'host', who: 'host', atUs: 100_500, offUs: 1000, ...host } as const]),
    ],
  );
}

/** How often main was given the write, and how it ended. */
function endOf(plan: Plan): { readonly given: number; readonly ended: readonly string[] } {
  const ended: string[] = [];
  let given = 0;
  const run = new PlanRun(plan, {
    witness: {
      hosts: { ended: (write) => ended.push(write.ended) },
      commanded: (_, site, disk, { op }) => {
        if (site === 'main' && disk === 'primary0' && op === 'write') given += 1;
      },
    },
  });
  expect(run.run().violation).to.equal(undefined);
  return { given, ended };
}

describe('a host’s process that ends', () => {
  it('is not missed where none does', () => {
    expect(endOf(slowWrite())).to.deep.equal({ given: 1, ended: ['good'] });
  });

  it('hears no more of its write; what was under way is carried out once', () => {
    expect(endOf(slowWrite({}))).to.deep.equal({ given: 1, ended: ['failed'] });
  });

  it('has a follower that gives the write again, under a tag of its own', () => {
    expect(endOf(slowWrite({ knows: true }))).to.deep.equal({ given: 2, ended: ['good'] });
  });

  it('may take the line with it', () => {
    for (const heard of [undefined, true] as const) {
      const downs: boolean[] = [];
      const run = new PlanRun(slowWrite(heard === undefined ? {} : { heard }), {
        witness: {
          stepped: (_, device, event) => {
            if (device === 'main' && event.kind === 'line' && event.port === 'host') downs.push(event.up);
          },
        },
      });
      run.run();
      expect(downs).to.deep.equal(heard ? [true, false, true] : [true]);
    }
  });

  it('is told of in the story', () => {
    expect(tellStory(slowWrite({ heard: true }))).to.include(
      'FAULT the host’s process at main ends at 0.100 500 s; 1000 µs later another one knows nothing of it, the line gone meanwhile',
    );
  });
});
