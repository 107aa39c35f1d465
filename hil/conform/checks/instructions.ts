/** Instructions, and what a controller answers in which state: docs/instructions.md. */
import type { Instruction } from '../../../host/host-machine.js';
import { generation } from '../../../protocol/ids.js';
import type { MessageNamed } from '../../../protocol/message/messages.js';
import { refusals } from '../../../protocol/refusals.js';
import type { Bench } from '../bench.js';
import { type ConformRole, checked, promised, type Requirement } from '../check.js';
import {
  answerWords,
  controllerOf,
  digestsOf,
  mainPhaseOf,
  outcomes,
  type ProbeController,
  recoveredController,
  refusalOf,
} from '../controller.js';
import { demand, Hindered, NotRun } from '../finding.js';
import { pattern, write } from '../medium.js';
import { takenOverAlready } from '../played-main.js';
import { PlayedSub } from '../played-sub.js';
import { conditionWords, endWords, isEnd, ProbeUnit } from '../probe-unit.js';
import { namesUnheard } from './freeze-names.js';
import { contents } from './replication-sub.js';
import { healthyRefused, takeoverDurable, waitStaysOpen } from './takeover.js';

const table = 'docs/instructions.md has the outcome of each instruction in each state.';
const tables = 'docs/instructions.md';
const controllers: readonly ConformRole[] = ['main', 'sub'];
const mains: readonly ConformRole[] = ['main'];
const durable = 'Answer only when the record of it is where a power cut leaves it.';

export const instructionRequirements: readonly Requirement[] = [
  checked('I-1', 'The same token again gets the same answer, and makes no second generation.', {
    roles: mains,
    losesData: true,
    remedy: table,
    run: sameToken,
  }),
  checked('I-2', 'A freeze that is answered is durable.', {
    roles: mains,
    losesData: true,
    cutsPower: true,
    remedy: durable,
    run: durableFreeze,
  }),
  promised('I-3', 'MESSAGES.md', 'Status fits itself: role, sizes, and frozen, committed and structured in order.', {
    roles: controllers,
    remedy: 'Hold the fields of status against their meaning in MESSAGES.md.',
    run: statusFits,
  }),
  promised('I-4', tables, 'Instructions for the other controller are refused with wrong-controller.', {
    roles: controllers,
    remedy: table,
    run: wrongController,
  }),
  promised('I-5', tables, 'Waiting for a generation that never was is refused with generation-unknown.', {
    roles: controllers,
    remedy: table,
    run: unknownGeneration,
  }),
  promised(
    'I-6',
    tables,
    'Digests of another generation are refused with wrong-generation; without an image not-ready.',
    {
      roles: controllers,
      remedy: table,
      run: otherGeneration,
    },
  ),
  promised('I-7', tables, 'Digests of a volume that there is not, or past its end, are refused.', {
    roles: controllers,
    remedy: table,
    run: digestsOutside,
  }),
  promised('I-8', tables, 'An instruction that does not fit the state is refused by name, and changes nothing.', {
    roles: controllers,
    remedy: table,
    run: unfitHere,
  }),
  promised(
    'I-9',
    tables,
    'Suspend and resync lead to the states of the table and back; repeated they have no effect.',
    {
      roles: mains,
      losesData: true,
      remedy: table,
      run: suspendAndResync,
    },
  ),
  promised('I-10', 'README.md 1', 'A freeze while a generation is on its way is refused with transfer-in-progress.', {
    roles: mains,
    losesData: true,
    remedy: table,
    run: freezeInTransfer,
  }),
  promised(
    'I-11',
    'README.md 4',
    'Without an image a sub is NOT READY; with one it is read, and not written before a takeover.',
    {
      roles: ['sub'],
      losesData: true,
      remedy: table,
      run: imageAccess,
    },
  ),
  promised('I-12', 'README.md 11', 'After a power cut a controller has the pair, epoch and generations of before.', {
    roles: controllers,
    losesData: true,
    cutsPower: true,
    remedy: durable,
    run: remembers,
  }),
  promised('I-13', tables, 'Waiting is answered once the generation is committed, at once when it is already.', {
    roles: controllers,
    losesData: true,
    remedy: table,
    run: waits,
  }),
  promised('I-14', tables, 'A takeover without --force of a healthy pair is refused with pair-healthy.', {
    roles: ['sub'],
    onRemote: true,
    losesData: true,
    remedy: table,
    run: healthyRefused,
  }),
  checked('I-15', 'A freeze names each write in the image of whose end its host may not have heard, and no other.', {
    roles: mains,
    onRemote: true,
    losesData: true,
    remedy: 'Name the writes under way and the newest that have ended: PROTOCOL.md, "Freeze".',
    run: namesUnheard,
  }),
];

/** How long an answer that comes too early is looked out for, in microseconds. */
const earlyUs = 200_000;
/** How long a generation on its way is waited for, in looks of 100 ms. */
const idleLooks = 50;

/** A main on which nothing is on its way and nothing suspended: what a sub is taking is waited for. */
async function idleMain(bench: Bench): Promise<ProbeController> {
  if (bench.hasRemote) return (await PlayedSub.idle(bench)).host;
  const main = await controllerOf(bench);
  for (let look = 0; look < idleLooks; look += 1) {
    const status = await main.status();
    const phase = mainPhaseOf(status);
    if (phase === 'idle') return main;
    if (phase === 'suspended') await main.accepted({ kind: 'resync' }, 'done');
    if (phase === 'failed' || phase === 'taken over')
      throw new Hindered(`main is suspended by an error (${status.reason}): fail back, or resync it`);
    await bench.probe.pause(100_000);
  }
  throw new NotRun('a generation is on its way, and no sub takes it: connect a sub, or begin with a new pair');
}

/** The status once no generation is on its way; where no sub takes one it stays on its way, and so does the state. */
async function restingStatus(bench: Bench, controller: ProbeController): Promise<MessageNamed<'status'>> {
  let status = await controller.status();
  for (let look = 0; look < idleLooks && bench.role === 'main' && mainPhaseOf(status) === 'transfer'; look += 1) {
    await bench.probe.pause(100_000);
    status = await controller.status();
  }
  return status;
}

async function sameToken(bench: Bench): Promise<void> {
  const main = await idleMain(bench);
  const token = main.freshToken();
  const first = await main.freeze(token);
  const again = await main.freeze(token);
  const same = again.generation === first.generation && again.epoch === first.epoch;
  demand(same, `generation ${first.generation} again`, () => `generation ${again.generation}`);
  const { frozen } = await main.status();
  demand(frozen === first.generation, `frozen ${first.generation} in status`, () => String(frozen));
}

async function durableFreeze(bench: Bench): Promise<void> {
  const before = await idleMain(bench);
  const token = before.freshToken();
  const frozen = await before.freeze(token);
  await bench.powerCycle();
  const main = await recoveredController(bench);
  const status = await main.status();
  demand(status.frozen === frozen.generation, `frozen ${frozen.generation} after a power cut`, () =>
    String(status.frozen),
  );
  const again = await main.freeze(token);
  demand(again.generation === frozen.generation, `generation ${frozen.generation} for the same token`, () =>
    String(again.generation),
  );
}

async function statusFits(bench: Bench): Promise<void> {
  const status = await (await controllerOf(bench)).status();
  const { role, volumes, blockBytes, frozen, committed, structured, epoch } = status;
  demand(role === bench.role, `role ${bench.role}`, role);
  demand(
    volumes.length >= 1 && volumes.every((bytes) => bytes > 0 && bytes % 512 === 0),
    'volumes of whole blocks',
    volumes.join(' '),
  );
  demand(
    blockBytes >= 512 && Number.isInteger(Math.log2(blockBytes)),
    'a block size that is a power of two',
    String(blockBytes),
  );
  const ordered = structured <= committed && committed <= frozen;
  demand(ordered, 'structured ≤ committed ≤ frozen', `${structured}, ${committed}, ${frozen}`);
  demand(committed === 0 || epoch >= 1, 'epoch 1 or higher once something is committed', String(epoch));
  demand(
    status.shadowSlotsFree <= status.shadowSlots,
    'no more slots free than there are',
    `${status.shadowSlotsFree} of ${status.shadowSlots}`,
  );
  const contrary = status.lines.find(({ up, refused }) => up && refused !== 0);
  demand(contrary === undefined, 'no refusal of a session on a line that is up', contrary?.name ?? '');
}

async function wrongController(bench: Bench): Promise<void> {
  const controller = await controllerOf(bench);
  const elsewhere: readonly Instruction[] =
    bench.role === 'main'
      ? [
          { kind: 'takeover', force: false },
          { kind: 'takeover', force: true },
          { kind: 'failback', discard: false },
        ]
      : [{ kind: 'freeze', token: controller.freshToken() }, { kind: 'suspend' }, { kind: 'resync' }];
  for (const instruction of elsewhere) await controller.refused(instruction, 'wrong-controller', instruction.kind);
}

async function unknownGeneration(bench: Bench): Promise<void> {
  const controller = await controllerOf(bench);
  const { frozen } = await controller.status();
  const never = bench.role === 'main' ? [0, frozen + 1000] : [0];
  for (const each of never) {
    const wait = { kind: 'wait', generation: generation(each), target: 'committed' } as const;
    await controller.refused(wait, 'generation-unknown', `wait for generation ${each}`);
  }
}

async function otherGeneration(bench: Bench): Promise<void> {
  const controller = await controllerOf(bench);
  const { committed } = await controller.status();
  const hasNone = bench.role === 'sub' && committed === 0;
  const code = hasNone ? 'not-ready' : 'wrong-generation';
  await controller.refused(digestsOf(committed + 7), code, `digests of generation ${committed + 7}`);
  if (hasNone) await controller.refused(digestsOf(0), 'not-ready', 'digests without an image');
}

async function digestsOutside(bench: Bench): Promise<void> {
  const controller = await controllerOf(bench);
  const { volumes, blockBytes, committed } = await controller.status();
  if (bench.role === 'sub' && committed === 0) throw new NotRun('the sub has no image: freeze at its main first');
  await controller.refused(digestsOf(0, { volume: volumes.length }), 'unknown-volume', `volume ${volumes.length}`);
  const first = Math.ceil((volumes[0] ?? 0) / blockBytes);
  await controller.refused(digestsOf(0, { first }), 'range-outside', `block ${first}`);
}

/** What changes when an instruction is carried out. */
const standing = ({ pairState, epoch, frozen, failed, pair }: MessageNamed<'status'>): string =>
  `${pairState}, epoch ${epoch}, frozen ${frozen}, failed ${failed}, pair ${Buffer.from(pair).toString('hex')}`;

/** Gives every instruction that the table refuses in this state. A takeover is not among them: it would be carried out. */
async function unfitHere(bench: Bench): Promise<void> {
  const controller = await controllerOf(bench);
  const before = await restingStatus(bench, controller);
  const expected = outcomes(bench.role === 'main' ? 'main' : 'sub', before);
  const given: Partial<Record<keyof typeof expected, Instruction>> = {
    freeze: { kind: 'freeze', token: controller.freshToken() },
    'wait for unknown': { kind: 'wait', generation: generation(0), target: 'structured' },
    'digests of another generation': digestsOf(before.committed + 7),
    suspend: { kind: 'suspend' },
    resync: { kind: 'resync' },
    failback: { kind: 'failback', discard: false },
    'failback --discard': { kind: 'failback', discard: true },
  };
  for (const [name, instruction] of Object.entries(given)) {
    const code = refusalOf(expected[name as keyof typeof expected]);
    if (code !== undefined) await controller.refused(instruction, code, name);
  }
  const after = standing(await controller.status());
  demand(after === standing(before), `status as before: ${standing(before)}`, after);
}

async function suspendAndResync(bench: Bench): Promise<void> {
  const main = await controllerOf(bench);
  // A pair that is suspended already is brought back first.
  if ((await main.status()).pairState === 'PSUS') await main.accepted({ kind: 'resync' }, 'done');
  const steps: readonly (readonly ['suspend' | 'resync', boolean, readonly string[]])[] = [
    ['suspend', true, ['PSUS']],
    ['suspend', false, ['PSUS']],
    ['resync', true, ['SMPL', 'COPY', 'PAIR']],
  ];
  for (const [kind, effect, states] of steps) {
    const done = await main.accepted({ kind }, 'done');
    demand(done.effect === effect, `${kind} with${effect ? '' : 'out'} effect`, String(done.effect));
    const { pairState } = await main.status();
    demand(states.includes(pairState), `${states.join(' or ')} after ${kind}`, pairState);
    if (pairState === 'PSUS')
      await main.refused({ kind: 'freeze', token: main.freshToken() }, 'pair-suspended', 'freeze');
  }
  await main.refused({ kind: 'resync' }, 'pair-not-suspended', 'resync of a pair that is not suspended');
}

async function freezeInTransfer(bench: Bench): Promise<void> {
  const another = { kind: 'freeze', token: bench.fresh(16) } as const;
  const found = await controllerOf(bench);
  if (mainPhaseOf(await restingStatus(bench, found)) === 'transfer') {
    await found.refused(another, 'transfer-in-progress', 'a freeze while a generation is on its way');
    return;
  }
  const main = await idleMain(bench);
  const unit = new ProbeUnit(main.session);
  await unit.clearAttentions();
  await write(unit, 0, pattern(`before a freeze, ${Buffer.from(another.token).toString('hex')}`, 8));
  const first = main.send({ kind: 'freeze', token: main.freshToken() });
  const second = main.send(another);
  const frozen = await main.answer(first);
  demand(frozen.kind === 'frozen', 'frozen', () => answerWords(frozen));
  const answer = await main.answer(second);
  const isRefused = answer.kind === 'refused' && answer.code === refusals['transfer-in-progress'].number;
  demand(isRefused, 'a freeze right behind another refused (transfer-in-progress)', () => answerWords(answer));
}

async function imageAccess(bench: Bench): Promise<void> {
  const sub = await controllerOf(bench);
  const status = await sub.status();
  if (status.pairState === 'SSWS') throw new Hindered(takenOverAlready);
  const unit = new ProbeUnit(sub.session);
  await unit.clearAttentions();
  const data = await unit.command(Buffer.from([0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0]), { dataInBytesMax: 512 });
  const written = await unit.command(Buffer.from([0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0]), { dataOut: pattern('never', 1) });
  if (status.committed === 0) {
    for (const end of [data, written]) demand(end.sense?.key === 'notReady', 'NOT READY', () => endWords(end));
    return;
  }
  demand(data.data.length === 512, '512 bytes of the image', () => endWords(data));
  demand(isEnd(written, 'writeProtected'), conditionWords('writeProtected'), () => endWords(written));
}

async function remembers(bench: Bench): Promise<void> {
  const before = await (await controllerOf(bench)).status();
  await bench.powerCycle();
  const after = await (await recoveredController(bench)).status();
  const kept = ({ pair, epoch, frozen, volumes }: typeof before) =>
    `pair ${Buffer.from(pair).toString('hex')}, epoch ${epoch}, frozen ${frozen}, volumes ${volumes.join(' ')}`;
  demand(kept(after) === kept(before), kept(before), kept(after));
  demand(after.committed >= before.committed, `committed ${before.committed} or higher`, String(after.committed));
  if (bench.role === 'sub' && bench.hasRemote) await takeoverDurable(bench);
}

async function waits(bench: Bench): Promise<void> {
  if (bench.role === 'sub' && bench.hasRemote) await waitStaysOpen(bench);
  const of = await committedGeneration(bench);
  if (of === 0) throw new NotRun('nothing is committed: freeze at main first');
  const waited = await waitFor(await controllerOf(bench), of);
  demand(Number(waited.generation) === of && waited.reason === 0, `generation ${of} without a reason`, () =>
    answerWords(waited),
  );
}

const waitingFor = (of: number) => ({ kind: 'wait', generation: generation(of), target: 'committed' }) as const;

const waitFor = (controller: ProbeController, of: number) => controller.accepted(waitingFor(of), 'waited');

/** A generation that is committed: at a main that has a sub one for which a host has waited since its freeze. */
async function committedGeneration(bench: Bench): Promise<number> {
  if (bench.role === 'main' && bench.hasRemote) return committedHere(bench);
  const { committed, lines } = await (await controllerOf(bench)).status();
  const hasSub = bench.role === 'main' && lines.some(({ name, up }) => name !== 'host' && up);
  return hasSub ? committedAnew(bench) : committed;
}

/** The same with the suite as the sub, which keeps main waiting for a block of the image. */
async function committedHere(bench: Bench): Promise<number> {
  const sub = await PlayedSub.idle(bench);
  const { host, taker } = sub;
  await sub.write(0, contents(bench, sub.shape.blockBytes, 1));
  taker.onRun = () => 'withhold';
  const of = await sub.freeze();
  const request = host.send(waitingFor(of));
  await taker.meanwhile(earlyUs);
  const isAnswered = host.session.messages.some((each) => 'request' in each && each.request === request);
  demand(!isAnswered, `no answer before generation ${of} is committed`, 'one');
  taker.onRun = () => 'store';
  taker.release();
  await taker.committed(of);
  const answer = await host.answer(request);
  demand(answer.kind === 'waited', 'waited in answer to wait', () => answerWords(answer));
  return of;
}

/** Freezes, and waits for the commit; gives the generation. */
async function committedAnew(bench: Bench): Promise<number> {
  const main = await idleMain(bench);
  const { generation: of } = await main.freeze(main.freshToken());
  await waitFor(main, of);
  const { committed } = await main.status();
  demand(committed >= of, `committed ${of} once the wait is answered`, String(committed));
  return of;
}
