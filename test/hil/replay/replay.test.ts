import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { EmulatorBench } from '../../../hil/bench/emulator-bench.js';
import { diskTimesDefault } from '../../../hil/bench/open-bench.js';
import { CaptureFile } from '../../../hil/capture/capture-file.js';
import { listen } from '../../../hil/capture/listen/listen.js';
import { readCapture } from '../../../hil/capture/read-capture.js';
import { type ReplayOutcome, replay } from '../../../hil/replay/replay.js';
import type { ReplayRole } from '../../../hil/replay/roles.js';
import { type Script, type ScriptEntry, scriptOf } from '../../../hil/replay/script.js';
import { replayShape } from '../../../hil/replay/shape.js';
import type { Compress } from '../../../hil/run/compress.js';
import { type Method, methods } from '../../../protocol/ids.js';
import type { Message } from '../../../protocol/message/messages.js';
import { RefusalError } from '../../../protocol/refusals.js';

const key = Buffer.alloc(32, 0x5a);
const secondUs = 1_000_000;
type Story = (bench: EmulatorBench) => Promise<void>;

describe('a replay', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'coldframe-replay-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  /** The script of a role in a capture of the story. */
  async function scriptFrom(
    story: Story,
    role: ReplayRole,
    options: { method?: Method; ber?: number; key?: Buffer; compress?: Compress } = {},
  ) {
    const path = join(folder, 'story.pcapng');
    const capture = new CaptureFile(path, ({ code }) => expect.fail(code));
    const { method = 'differential', ber = 0, key: sealing, compress } = options;
    const remoteLine = { baud: 921_600, latencyUs: 500, bitErrorRate: ber, dropRate: 0 };
    const sealed = sealing === undefined ? {} : { key: sealing };
    const common = { method, volumes: [131_072], diskTimes: diskTimesDefault, seed: 5, compress };
    const bench = new EmulatorBench({ ...common, ...sealed, remoteLine, capture });
    await story(bench);
    await bench.close();
    capture.close();
    return () => scriptOf(listen(readCapture(path), sealing), role);
  }

  const outcomesOf = (script: Script, role: ReplayRole) =>
    replay({ role, script, shape: replayShape(script, role, {}) });
  const others = (outcomes: readonly ReplayOutcome[]) =>
    outcomes.filter((each) => each.kind !== 'answered' || each.differences.length > 0).map(textOf);

  for (const role of ['main', 'sub'] as const) {
    for (const method of methods) {
      it(`gets from the model of ${role} what it said, by the method ${method}`, async () => {
        const script = (await scriptFrom(twoGenerations, role, { method }))();
        const outcomes = outcomesOf(script, role);
        expect(outcomes.length).to.be.greaterThan(15);
        expect(others(outcomes)).to.deep.equal([]);
      });
    }

    it(`begins a fresh session of ${role} where the capture has one, and cuts the power where it was cut`, async () => {
      const script = (await scriptFrom(withPowerCut(role), role))();
      expect(script.entries.filter(({ step }) => step.kind === 'restart')).to.have.length(1);
      const outcomes = outcomesOf(script, role);
      expect(outcomes.length).to.be.greaterThan(15);
      expect(others(outcomes)).to.deep.equal([]);
    });
  }

  it('takes damaged frames for what they are: their messages were said once more', async () => {
    const script = (await scriptFrom(twoGenerations, 'sub', { ber: 5e-5 }))();
    expect(others(outcomesOf(script, 'sub'))).to.deep.equal([]);
  });

  it('lets a peer be silent whose power was cut', async () => {
    const script = (await scriptFrom(withPowerCut('main'), 'sub'))();
    const kinds = script.entries.map(({ step }) => step.kind);
    expect(kinds.filter((kind) => kind === 'silence')).to.have.length(1);
    expect(kinds).not.to.include('restart');
    expect(others(outcomesOf(script, 'sub'))).to.deep.equal([]);
  });

  it('goes into a session in clear with what was sealed, given the key', async () => {
    const script = await scriptFrom(twoGenerations, 'sub', { key });
    expect(others(outcomesOf(script(), 'sub'))).to.deep.equal([]);
  });

  it('takes runs for what they are, whether they were compressed or not', async () => {
    const contentOf = async (role: ReplayRole, compress: Compress) => {
      const script = (await scriptFrom(twoGenerations, role, { compress }))();
      expect(others(outcomesOf(script, role))).to.deep.equal([]);
      const heard = [...listen(readCapture(join(folder, 'story.pcapng')))].flatMap(({ content }) =>
        content.kind === 'data' ? content.messages : [],
      );
      const isCompressed = heard.some((each) => each.kind === 'message' && each.message.kind === 'compressedRun');
      expect(isCompressed).to.equal(compress === 'auto');
      return script.entries.filter(({ step }) => 'message' in step && /^(block|held)Run$/.test(step.message.kind))
        .length;
    };
    for (const role of ['main', 'sub'] as const) {
      expect(await contentOf(role, 'auto'))
        .to.equal(await contentOf(role, 'off'))
        .and.be.greaterThan(1);
    }
  });

  it('needs the key of what is sealed', async () => {
    await scriptFrom(twoGenerations, 'sub', { key });
    const sealed = () => scriptOf(listen(readCapture(join(folder, 'story.pcapng'))), 'sub');
    expect(sealed).to.throw(RefusalError, /key-unknown.*host–sub is sealed|key-unknown.*main–sub is sealed/);
  });

  describe('tells', () => {
    let script: Script;
    before(async () => {
      script = (await scriptFrom(twoGenerations, 'sub'))();
    });
    const committedAt = () =>
      script.entries.findIndex(({ step }) => step.kind === 'answered' && step.message.kind === 'committed');
    const replayed = (entries: readonly ScriptEntry[]) => others(outcomesOf({ ...script, entries }, 'sub'));
    const committed = () => script.entries[committedAt()] as ScriptEntry & { step: { message: Message } };

    it('an answer that differs, field by field', () => {
      const entry = committed();
      const other = { ...entry.step.message, digest: Buffer.alloc(16, 1) } as Message;
      const changed = script.entries.with(committedAt(), { ...entry, step: { kind: 'answered', message: other } });
      expect(replayed(changed)).to.deep.equal(['answered committed: digest']);
    });

    it('an answer that the model does not give', () => {
      const message = { ...committed().step.message, generation: 9 } as Message;
      const added = script.entries.toSpliced(committedAt(), 0, { ...committed(), step: { kind: 'answered', message } });
      expect(replayed(added)).to.deep.equal(['missing committed']);
    });

    it('an answer that the capture does not have', () => {
      expect(replayed(script.entries.toSpliced(committedAt(), 1))).to.deep.equal(['extra committed']);
    });

    it('what a model makes of other words', () => {
      const at = script.entries.findIndex(({ step }) => step.kind === 'said' && step.message.kind === 'complete');
      const entry = script.entries[at] as ScriptEntry & { step: { message: Message } };
      const message = { ...entry.step.message, blocks: 1 } as Message;
      const found = replayed(script.entries.with(at, { ...entry, step: { kind: 'said', message } }));
      expect(found).to.include.members(['missing committed', 'extra completeRefused']);
    });
  });

  it('refuses a capture in which nothing is said to the role', async () => {
    const script = await scriptFrom(twoGenerations, 'disk');
    expect(script).to.throw(RefusalError, /argument-invalid.*nothing is said to it/);
  });

  it('takes the shape from who replays, where the capture does not tell it', () => {
    const empty: Script = { lines: [], entries: [], heldRuns: false, refusedMessages: 0 };
    expect(() => replayShape(empty, 'main', {})).to.throw(RefusalError, /argument-invalid.*--size/);
    const given = { method: 'copy', blockBytes: 512, volumes: [4096] } as const;
    expect(replayShape(empty, 'main', given)).to.deep.equal(given);
  });
});

/** Writes, two freezes, writes between and behind them, a verification's questions. */
async function twoGenerations(bench: EmulatorBench): Promise<void> {
  await write(bench, 0, 3);
  for (const generation of [1, 2]) {
    await freeze(bench, generation);
    await write(bench, generation, 2);
    await bench.run(bench.host.wait(generation, 'structured'));
    await bench.run(bench.subHost.wait(generation, 'structured'));
    await bench.run(bench.subHost.status());
    await bench.run(bench.subHost.read(0, 0, 8192));
  }
  // What is on its way when a capture ends is not in it.
  await bench.pass(secondUs);
}

const withPowerCut =
  (role: 'main' | 'sub'): Story =>
  async (bench) => {
    await twoGenerations(bench);
    await bench.powerCut(role);
    await bench.pass(3 * secondUs);
    await bench.powerOn(role);
    await bench.pass(3 * secondUs);
    await bench.run(bench.host.read(0, 0, 512));
    await bench.run(bench.subHost.read(0, 0, 512));
    await freeze(bench, 3);
    await bench.run(bench.host.wait(3, 'structured'));
  };

async function write(bench: EmulatorBench, first: number, count: number): Promise<void> {
  for (let index = first; index < first + count; index += 1) {
    await bench.run(bench.host.write(0, index * 8192, Buffer.alloc(12_288, 1 + index)).done);
  }
}

async function freeze(bench: EmulatorBench, token: number): Promise<void> {
  await bench.run(bench.host.freeze(Buffer.alloc(16, token)));
}

function textOf(outcome: ReplayOutcome): string {
  const fields = outcome.kind === 'answered' ? `: ${outcome.differences.map(({ field }) => field).join(', ')}` : '';
  return `${outcome.kind} ${outcome.message.kind}${fields}`;
}
