/** The ways into the phases of the power-cut table: each leaves the models in the very step that the phase names. */
import type { Method } from '../../protocol/ids.js';
import type { LabOptions } from './lab.js';
import type { PowerCutRun } from './power-cut-run.js';

export interface PathIntoPhase {
  reach(run: PowerCutRun): Promise<void>;
  readonly options?: LabOptions;
  /** Only this method has the phase. */
  readonly only?: Method;
}

const main = (run: PowerCutRun) => run.lab.bench.main.state;
const sub = (run: PowerCutRun) => run.lab.bench.sub;
const sent = (run: PowerCutRun) => main(run).volume(0).sent.size;
const frozen = (run: PowerCutRun) => main(run).volume(0).frozen.size;
const staged = (run: PowerCutRun) => sub(run).replica.volume(0).staged.size;
const deferred = (run: PowerCutRun) => main(run).volume(0).deferred.size;

function marked(run: PowerCutRun, device: string, name: string, generation?: number): boolean {
  return run.lab.bench.kernel.notes.some(
    (note) =>
      note.device === device &&
      note.effect.kind === 'mark' &&
      note.effect.name === name &&
      (generation === undefined || note.effect.values.generation === generation),
  );
}

/** Image 1, and generation 2 frozen. */
async function frozenSecond(run: PowerCutRun): Promise<void> {
  await run.begin();
  await run.freeze();
}

/** The sub has taken over and its host has written. */
async function takenOver(run: PowerCutRun): Promise<void> {
  await run.begin();
  await run.takeOver();
  await run.lab.until(() => main(run).takenOver);
  await run.write([0, 5, 10, 12], 'sub');
}

export const phases: Readonly<Record<string, PathIntoPhase>> = {
  'before the freeze is recorded': {
    async reach(run) {
      await run.begin();
      const before = run.lab.bench.kernel.notes.length;
      run.startFreeze();
      const taken = () =>
        run.lab.bench.kernel.notes
          .slice(before)
          .some(({ effect }) => effect.kind === 'mark' && effect.name === 'freezeTaken');
      await run.lab.until(() => taken() && main(run).transfer === undefined);
    },
  },
  'frozen, nothing sent': {
    async reach(run) {
      await run.write([0, 1, 2, 3, 5, 6]);
      await run.image();
      run.lab.cutRemote();
      await run.write([0, 2, 4, 6, 8]);
      await run.freeze();
      await run.lab.until(() => main(run).transfer !== undefined && sent(run) === 0);
    },
  },
  'partly sent': {
    async reach(run) {
      await run.write([0, 1, 2, 3, 5, 6]);
      await run.image();
      run.lab.cutRemote();
      await run.write([0, 2, 4, 6, 8]);
      await run.freeze();
      run.lab.restoreRemote();
      await run.lab.until(() => sent(run) > 0 && sent(run) < frozen(run));
      await run.write([8, 9]);
    },
  },
  'all staged, main not told': {
    async reach(run) {
      await frozenSecond(run);
      await run.lab.until(() => staged(run) === frozen(run) && sent(run) < frozen(run));
    },
  },
  'complete on its way': {
    async reach(run) {
      await frozenSecond(run);
      await run.lab.until(() => marked(run, 'main', 'complete', 2));
      // On the wire, whose latency is 500 µs.
      await run.lab.bench.pass(300);
    },
  },
  'committed, main not told': {
    async reach(run) {
      await frozenSecond(run);
      await run.lab.until(() => sub(run).replica.committed === 2);
    },
  },
  'structuring half done': {
    async reach(run) {
      await frozenSecond(run);
      await run.lab.until(
        () => main(run).committed === 2 && sub(run).replica.overlaid > 0 && sub(run).replica.structured === 1,
      );
    },
    options: { diskTimes: { accessUs: 3000, flushUs: 3000, lateEffect: true } },
  },
  structured: {
    async reach(run) {
      await frozenSecond(run);
      await run.lab.until(() => main(run).structured === 2);
    },
  },
  'deferred writes half drained': {
    only: 'differential',
    async reach(run) {
      await run.begin();
      run.lab.cutRemote();
      await run.freeze();
      await run.write([0, 4, 8]);
      run.lab.restoreRemote();
      await run.lab.until(() => deferred(run) < 3 && deferred(run) > 0);
    },
  },
  'generation failed': {
    options: { shadowBytes: 3 * 4096, hostStallUsMax: 500_000 },
    async reach(run) {
      await run.begin();
      run.lab.cutRemote();
      await run.freeze();
      await run.write([0, 2, 4, 6]);
      run.lab.restoreRemote();
      await run.lab.until(() => main(run).pairState === 'PSUE' && sub(run).state.pairState === 'PSUE');
    },
  },
  'before the takeover is recorded': {
    // The host repeats it only after the session of the controllers has opened.
    options: { hostLine: { latencyUs: 30_000, bitErrorRate: 0, dropRate: 0 } },
    async reach(run) {
      await run.begin();
      run.takingOver = run.lab.bench.subHost.takeover(true);
      await run.lab.until(() => marked(run, 'sub', 'takeoverTaken'));
    },
  },
  'taken over, main not told': {
    async reach(run) {
      await run.begin();
      run.takingOver = run.lab.bench.subHost.takeover(true);
      await run.lab.until(() => sub(run).state.takenOver);
    },
  },
  'taken over': {
    async reach(run) {
      await takenOver(run);
    },
  },
  'failback begun': {
    async reach(run) {
      await takenOver(run);
      await run.startFailback();
      await run.lab.until(() => run.lab.bench.main.replica.volume(0).staged.size > 0);
    },
  },
  'failback committed at main': {
    async reach(run) {
      await takenOver(run);
      await run.startFailback();
      await run.lab.until(() => run.lab.bench.main.replica.committed === run.failback);
    },
  },
  'given back, main not told': {
    async reach(run) {
      await takenOver(run);
      await run.startFailback();
      await run.lab.until(() => !sub(run).state.takenOver);
    },
  },
};
