/** The last part of a run of kills: main is lost, the sub takes over, and gives back, with kills in the middle of it all. */
import { setTimeout as pause } from 'node:timers/promises';
import { RefusalError } from '../../protocol/refusals.js';
import type { KillRun } from './kill-run.js';

/** Whether a disk holds anything that was not flushed is chance, about even. */
export const writesLeftBehind = 2;
const lastWrites = 8;
const betweenMsMax = 400;
const lookMs = 50;

/** From a structured generation back to a main that is the main side again. */
export async function takeOverAndFailBack(run: KillRun): Promise<void> {
  await takeOver(run);
  await failBack(run);
  await run.lookAtVolumes(run.pair.main, run.writer, 'after a failback');
}

async function takeOver(run: KillRun): Promise<void> {
  const { main, sub } = run.pair;
  run.tell('takeover');
  await main.controller.kill();
  await run.within(
    sub.host.ask((client) => client.takeover(true)),
    'a takeover',
  );
  // What main had beyond the image does not count any more.
  run.contents.now = run.imageOf(run.newest).copy();
  const writer = run.writerAt(sub);
  for (let times = 0; times < writesLeftBehind; times += 1) await run.leaveWritesBehind(sub, writer);
  await writer.give(lastWrites);
  await run.within(writer.quiet(), 'the end of all writes');
  await run.kill({ kind: 'kill', who: 'sub', downMs: 0, againMs: undefined, host: 'stays', disks: 'die' });
  await run.lookAtVolumes(sub, writer, 'killed just after a write');
}

async function failBack(run: KillRun): Promise<void> {
  run.pair.main.controller.start();
  const { image, frozen } = run.contents.freezing();
  const generation = await run.within(askForFailback(run), 'a failback');
  frozen();
  run.use(generation, image);
  for (const who of ['main', 'sub'] as const) {
    await pause(run.random.below(betweenMsMax));
    run.tell(`killing ${who} in the failback`);
    await run.kill({ kind: 'kill', who, downMs: 0, againMs: undefined, host: 'stays', disks: 'stay' });
  }
  await run.within(givenBack(run, generation), 'the end of the failback');
  run.tell('given back');
}

/** Asks until main can be reached. */
async function askForFailback({ pair }: KillRun): Promise<number> {
  for (;;) {
    try {
      return (await pair.sub.host.ask((client) => client.failback(true))).generation;
    } catch (error) {
      if (!(error instanceof RefusalError) || error.refusal.code !== 'sub-unreachable') throw error;
      await pause(lookMs);
    }
  }
}

async function givenBack(run: KillRun, generation: number): Promise<void> {
  for (;;) {
    const sub = await run.pair.sub.host.ask((client) => client.status());
    const main = await run.pair.main.host.ask((client) => client.status());
    if (sub.failed === generation)
      throw new Error(`the failback, generation ${generation}, failed: ${sub.failedReason}`);
    if (sub.pairState !== 'SSWS' && main.reason === 0 && main.committed === generation) return;
    await pause(lookMs);
  }
}
