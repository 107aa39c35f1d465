import { expect } from 'chai';
import { exploredRun } from '../../../../hil/simulate/explore/exhaustive-job.js';
import { partialFrames } from '../../../../hil/simulate/explore/partial-frames.js';
import type { Fault } from '../../../../hil/simulate/plan.js';
import { PlanRun } from '../../../../hil/simulate/run-plan.js';
import { encodeFrame } from '../../../../protocol/frame/frame.js';

const job = { level: 'continued', setting: 'fresh-apart', method: 'streaming', program: ['w0'] } as const;
const { plan } = exploredRun(job);
const offUs = 1500;

interface Seen {
  /** The frame that the tests cut, and main's effects with it: the first of 40 … 80 bytes after the write. */
  bytes: Uint8Array;
  number: number;
  effects: number;
  /** All commands and frames that anybody gave out, and what the controllers said of themselves but for refusals. */
  readonly story: string[];
}

function storyOf(faults: readonly Fault[]): Seen {
  const seen: Seen = { bytes: new Uint8Array(0), number: 0, effects: 0, story: [] };
  let frames = 0;
  const run = new PlanRun(
    { ...plan, faults: [...faults] },
    {
      crashEvery: 0,
      witness: {
        commanded: (atUs, site, disk, { op }) => seen.story.push(`${atUs} ${site} ${disk} ${op}`),
        sent: (atUs, device, port, frame) => {
          seen.story.push(`${atUs} ${device} ${port} ${Buffer.from(frame).toString('hex')}`);
          if (device !== 'main' || port !== 'remote') return;
          frames += 1;
          if (seen.number > 0 || atUs < 30_000 || frame.length < 40 || frame.length > 80) return;
          seen.bytes = Uint8Array.from(frame);
          seen.number = frames;
          seen.effects = run.bench.effects.main + 1;
        },
        noted: ({ effect }) => {
          if (effect.kind === 'mark' && effect.name !== 'refused') seen.story.push(effect.name);
        },
      },
    },
  );
  const { violation } = run.run();
  expect(violation).to.equal(undefined);
  return seen;
}

describe('frames that are cut off', () => {
  const { bytes, number, effects } = storyOf([]);
  const on = { kind: 'line', line: 'remote', direction: 'there', frame: number } as const;

  it('are of a few kinds, which are all their numbers of bytes together', () => {
    const kinds = partialFrames(bytes);
    expect(kinds.reduce((sum, { of }) => sum + of, 0)).to.equal(bytes.length - 1);
    expect(kinds.length).to.be.within(2, 6);
    expect(kinds.at(-1)).to.deep.equal({ bytes: bytes.length - 1, of: 1 });
  });

  it('are none when they are a delimiter alone', () => {
    expect(partialFrames(Uint8Array.of(0))).to.deep.equal([]);
  });

  it('are whole when the delimiter alone is missing', () => {
    const frame = encodeFrame({ kind: 'acknowledgement', payload: Buffer.of(1, 2, 3) }, 7);
    expect(partialFrames(frame).at(-1)).to.deep.equal({ bytes: frame.length - 1, of: 1 });
  });

  it('are all the same when they are lost with their line, however many bytes have passed', () => {
    const lost = (at: number) => storyOf([{ ...on, effect: { kind: 'disconnect', at, us: offUs } }]).story;
    const first = lost(1);
    for (let at = 2; at < bytes.length; at += 1) expect(lost(at), `${at} bytes`).to.deep.equal(first);
    expect(storyOf([]).story).not.to.deep.equal(first);
  });

  it('are the same for all numbers of bytes of a kind when their sender loses the power', () => {
    const survival = { sectors: 'none', torn: 'no', seed: 0 } as const;
    const power = { kind: 'power', who: 'main', afterEffects: effects, offUs, survival } as const;
    const lost = (at: number) => storyOf([{ ...on, effect: { kind: 'overrun', at } }, power]).story;
    let from = 1;
    for (const { bytes: to, of } of partialFrames(bytes)) {
      const last = lost(to);
      // Kinds are not runs of numbers; those of one that are, are enough.
      for (let at = Math.max(from, to - of + 1); at < to; at += 5) expect(lost(at), `${at} bytes`).to.deep.equal(last);
      from = to + 1;
    }
  });
});
