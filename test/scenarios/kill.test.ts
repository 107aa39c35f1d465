/**
 * Kills at random moments, with real parts: processes, files, serial ports. The moments come from a seed:
 * COLDFRAME_KILL_SEED gives another one.
 */
import { copyFileSync } from 'node:fs';
import { expect } from 'chai';
import { Random } from '../../hil/random.js';
import { planOf } from './kill-plan.js';
import { KillRun } from './kill-run.js';
import { takeOverAndFailBack, writesLeftBehind } from './kill-takeover.js';
import type { PairShape } from './killable-pair.js';
import { Pair } from './pair.js';

const kib = 1024;
const seedDefault = '4';
const seed = process.env.COLDFRAME_KILL_SEED ?? seedDefault;

const line = { baud: 4_000_000, bitErrorRate: 1e-7 };
/** Slow enough for writes to meet blocks that are not sent yet. */
const slowLine = { ...line, baud: 2_000_000 };
const shapes: readonly (PairShape & { readonly rounds: number })[] = [
  { method: 'copy', volumes: 1, volumeBytes: 640 * kib, remoteDisks: false, rounds: 3, ...line },
  { method: 'differential', volumes: 2, volumeBytes: 512 * kib, remoteDisks: true, rounds: 3, ...slowLine },
  { method: 'streaming', volumes: 1, volumeBytes: 1024 * kib, remoteDisks: false, rounds: 3, ...line },
];

describe('processes killed at random moments', () => {
  for (const shape of shapes) {
    const { method } = shape;
    it(`keep every acknowledged write and show whole images: ${method}`, async function () {
      this.timeout(600_000);
      const run = await KillRun.start(shape, new Random(`${seed}/${method}`));
      try {
        for (const round of planOf(run.random.fork('plan'), shape)) await run.round(round);
        if (shape.remoteDisks) {
          for (let times = 0; times < writesLeftBehind; times += 1)
            await run.leaveWritesBehind(run.pair.main, run.writer);
          await takeOverAndFailBack(run);
        }
        await run.finish();
        if (process.env.COLDFRAME_KILL_SEED !== undefined) process.stdout.write(`      ${run.figures()}\n`);
      } catch (error) {
        const said = await run.remove();
        const again = `COLDFRAME_KILL_SEED=${seed} npx mocha -g 'whole images: ${method}'`;
        throw new Error(`${(error as Error).stack}\nagain: ${again}\n${run.story.join('\n')}\n${said}`);
      } finally {
        await run.remove();
      }
    });
  }

  it('mark an area as theirs before they are ready', async () => {
    const [pair, other] = await Promise.all([Pair.make(), Pair.make()]);
    try {
      await (await other.startMain()).kill();
      await (await pair.startMain()).kill();
      copyFileSync(other.path('shadow.img'), pair.path('shadow.img'));
      const foreign = await pair.startMain().catch((error: unknown) => String(error));
      expect(foreign).to.contain('exit code 2').and.to.contain('foreign-area');
    } finally {
      await Promise.all([pair.remove(), other.remove()]);
    }
  });
});
