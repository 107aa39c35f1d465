/** Gives a controller one instruction of the table and says what came of it, in the words of the expectations. */
import { RefusalError } from '../../../protocol/refusals.js';
import { blockBytes, type Lab } from '../lab.js';
import type { Reached } from './states.js';

export interface Given {
  readonly outcome: string;
  /** The command waited until the controller was ready and was carried out then. */
  readonly leadsOn: boolean;
}

/** How long an answer is awaited before it counts as accepted and waiting, in microseconds. */
const awaitedUs = 2_000_000;

const otherToken = Buffer.alloc(16, 0xee);

function promiseOf({ lab, client, generation }: Reached, instruction: string): Promise<unknown> {
  const range = { first: 0, count: 4, partBlocks: 4 };
  switch (instruction) {
    case 'freeze':
      return client.freeze(otherToken);
    case 'freeze again':
      return client.freeze(lab.token);
    case 'wait':
      return client.wait(generation);
    case 'wait for unknown':
      return client.wait(client === lab.bench.subHost ? 0 : 99);
    case 'status':
      return client.status();
    case 'digests':
      return client.digests(0, range);
    case 'digests of another generation':
      return client.digests(0, { ...range, of: 7 });
    case 'suspend':
      return client.suspend();
    case 'resync':
      return client.resync();
    case 'takeover':
    case 'takeover --force':
      return client.takeover(instruction.endsWith('--force'));
    case 'failback':
    case 'failback --discard':
      return client.failback(instruction.endsWith('--discard'));
    case 'read':
      return client.read(0, 0, blockBytes);
    case 'write':
      return client.write(0, 0, Buffer.alloc(blockBytes, 'a new write')).done;
    default:
      throw new Error(`no such instruction: ${instruction}`);
  }
}

export async function give(reached: Reached, instruction: string): Promise<Given> {
  const { lab } = reached;
  let outcome: string | undefined;
  const newest = lab.bench.main.state.lastFrozen;
  promiseOf(reached, instruction).then(
    (answer) => {
      outcome ??= outcomeOf(answer, instruction === 'freeze again' ? newest : undefined);
    },
    (error: unknown) => {
      outcome ??= refusalIn(error);
    },
  );
  if (isRecovering(lab) && (instruction === 'read' || instruction === 'write')) {
    const running = lab.bench.kernel.notes.length;
    await lab.until(() => outcome !== undefined || isRunningSince(lab, running));
    return { outcome: outcome ?? 'BUSY', leadsOn: true };
  }
  const untilUs = lab.bench.kernel.nowUs + awaitedUs;
  await lab
    .until(() => outcome !== undefined || lab.bench.kernel.nowUs >= untilUs || lab.bench.kernel.idle, awaitedUs)
    .catch(() => {});
  return { outcome: outcome ?? 'yes', leadsOn: false };
}

function outcomeOf(answer: unknown, newest: number | undefined): string {
  const { effect, generation } = (answer ?? {}) as { readonly effect?: boolean; readonly generation?: number };
  if (newest !== undefined) return generation === newest ? 'same' : `generation ${generation}`;
  return effect === false ? 'same' : 'yes';
}

function refusalIn(error: unknown): string {
  if (!(error instanceof RefusalError)) throw error;
  const { code, detail } = error.refusal;
  return code === 'scsi-error' ? (detail.split(',')[0] ?? '') : code;
}

function isRecovering(lab: Lab): boolean {
  return (lab.bench.options.diskTimes?.accessUs ?? 0) >= 100_000;
}

function isRunningSince(lab: Lab, from: number): boolean {
  return lab.bench.kernel.notes.slice(from).some(({ effect }) => effect.kind === 'mark' && effect.name === 'running');
}
