/**
 * Peers that say anything: messages that decode, with values that no honest side sends, in any order and in any state.
 * Nothing that they say makes a controller throw, and it goes on answering its host.
 */
import fc from 'fast-check';
import type { Field } from '../../protocol/message/field.js';
import { definitions, type Message } from '../../protocol/message/messages.js';
import { RefusalError } from '../../protocol/refusals.js';
import { blockBytes, Lab } from './lab.js';
import { RemotePeer } from './remote-peer.js';

const counter = fc.oneof(fc.nat(4), fc.constantFrom(2 ** 31, 2 ** 32 - 1));
const wide = fc.oneof(fc.nat(20), fc.constantFrom(4096, 4097, 2 ** 32, 2 ** 53 - 1));
const counters = new Set(['epoch', 'generation', 'base', 'frozen', 'committed', 'structured', 'receiving', 'failed']);
/** Whole digests, and such as end in the middle of one. */
const digests = fc.integer({ min: 0, max: 56 }).map((length) => Buffer.alloc(length));
const blocks = fc
  .constantFrom(0, 512, blockBytes, 1.5 * blockBytes, 2 * blockBytes, 3 * blockBytes)
  .map((length) => Buffer.alloc(length));

/** Values of a field: few and near each other where they have to meet, huge where they may not. */
function valuesOf(name: string, { type, doc }: Field<unknown>): fc.Arbitrary<unknown> {
  if (counters.has(name)) return counter;
  if (name === 'digests' && type.startsWith('bytes')) return digests;
  if (name === 'data') return blocks;
  return valuesOfType(type, doc);
}

function valuesOfType(type: string, doc: string): fc.Arbitrary<unknown> {
  if (type.startsWith('list')) return fc.array(valuesOfType(type.replace(/^list≤\d+ of /, ''), doc), { maxLength: 3 });
  if (type.startsWith('{')) {
    const fields = [...type.matchAll(/(\w+): ([^,}]+)/g)].map(([, name = '', of = '']) => [name, valuesOfType(of, '')]);
    return fc.record(Object.fromEntries(fields) as Record<string, fc.Arbitrary<unknown>>);
  }
  const fixed = /^bytes\[(\d+)\]$/.exec(type);
  if (fixed !== null) return fc.constantFrom(0, 1).map((fill) => Buffer.alloc(Number(fixed[1]), fill));
  const choices = [...doc.matchAll(/(\d+) ([A-Za-z]+)[,)]/g)].map(([, , name = '']) => name);
  if (type === 'u8' && choices.length > 1 && /\(\d+ [A-Za-z]+,/.test(doc)) return fc.constantFrom(...choices);
  if (type === 'flag') return fc.boolean();
  if (type.startsWith('text')) return fc.constant('text');
  if (type.startsWith('bytes')) return fc.integer({ min: 0, max: 32 }).map((length) => Buffer.alloc(length, 0x2a));
  if (type === 'u8') return fc.constantFrom(0, 0, 0, 1, 255);
  if (type === 'u16') return fc.constantFrom(0, 1, 80, 65_535);
  return type === 'u64' ? wide : fc.oneof(fc.nat(6), fc.constantFrom(2 ** 31, 2 ** 32 - 1));
}

const said = fc.oneof(
  ...definitions
    .filter(({ kind }) => !['hello', 'proof', 'sealed'].includes(kind))
    .map(({ kind, fields }) => {
      const values = Object.entries(fields).map(([name, field]) => [name, valuesOf(name, field as Field<unknown>)]);
      const record = fc.record(Object.fromEntries(values) as Record<string, fc.Arbitrary<unknown>>);
      return record.map((each) => ({ kind, ...each }) as unknown as Message);
    }),
);
/** What brings a controller into its states, so that the rest finds it there. */
const fitting = fc.oneof(
  fc.constantFrom(['pairing'], ['taken over'], ['far ahead'], ['committed'], ['begin'], ['complete'], ['done']),
  fc.constantFrom(['pairing', 'begin', 'zeros', 'complete'], ['taken over', 'ask'], ['difference', 'committed']),
  fc.constant(['ask', 'begin', 'zeros', 'complete', 'given back']),
  fc.constant(['pairing', 'begin', 'torn blocks']),
);
const generations = fc.constantFrom(2, 2, 3, 4, 2 ** 32 - 1);
const doing = fc.constantFrom('write', 'freeze', 'takeover', 'failback', 'resync');
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('say' as const), message: said, priority: fc.nat(2) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('fit' as const), what: fitting, of: generations }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('do' as const), what: doing }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('events' as const), count: fc.nat(60) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

class HostileRun {
  readonly lab = new Lab();
  readonly victim: 'main' | 'sub';
  readonly port: 'remote' | 'host';
  #peer: RemotePeer | undefined;
  #request = 0;

  constructor(victim: 'main' | 'sub', port: 'remote' | 'host') {
    this.victim = victim;
    this.port = port;
  }

  async begin(): Promise<void> {
    await this.lab.write(0, 6);
    await this.lab.image();
    await this.lab.write(2, 6);
    const peer = RemotePeer.attach(this.lab, this.victim, this.port);
    this.#peer = peer;
    await this.lab.until(() => peer.heard('hello').length > 0);
  }

  async step(step: Step): Promise<void> {
    if (step.kind === 'say') this.#peer?.say(step.message, step.priority as 0 | 1 | 2);
    else if (step.kind === 'fit') {
      for (const what of step.what) {
        this.#fit(what, step.of);
        await this.#events(40);
      }
    } else if (step.kind === 'do') this.#do(step.what);
    else await this.#events(step.count);
  }

  /** The controller still answers. */
  async finish(): Promise<void> {
    await this.#events(5000);
    const { host, subHost, kernel, lines } = this.lab.bench;
    if (this.port === 'host') {
      kernel.powerCut('hostile');
      kernel.restore(this.victim === 'main' ? lines.host : lines.subHost);
    }
    await this.lab.bench.run((this.victim === 'main' ? host : subHost).status()).catch(refusalIn);
  }

  async #events(count: number): Promise<void> {
    for (let event = 0; event < count; event += 1) {
      if (event % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
      if (!this.lab.bench.kernel.next()) return;
    }
  }

  #do(what: string): void {
    const { host, subHost } = this.lab.bench;
    const doing: Record<string, () => Promise<unknown>> = {
      write: () => (this.victim === 'main' ? host : subHost).write(0, 0, Buffer.alloc(blockBytes, 7)).done,
      freeze: () => this.lab.startFreeze(),
      takeover: () => subHost.takeover(true),
      failback: () => subHost.failback(true),
      resync: () => host.resync(),
    };
    doing[what]?.().catch(refusalIn);
  }

  /** Says what an honest side would, but for the numbers. */
  #fit(what: string, of: number): void {
    const { main, sub } = this.lab.bench;
    const { pair, method, volumeBytes: volumes } = main.state;
    const { committed, commitDigest, structured } = this.victim === 'main' ? main.state : sub.replica;
    const epoch = this.victim === 'main' ? main.state.epoch : sub.state.epoch;
    const next = Math.min(epoch + 1, 2 ** 32 - 1);
    this.#request += 1;
    const pairing = {
      ...{ kind: 'pairing', pair, epoch, method, blockBytes, volumes, committed, commitDigest, structured },
      ...{ frozen: Math.max(committed, of), state: 'PAIR', receiving: 0, takenOver: false },
      ...{ runBytesMax: 65536, windowBytes: 1 << 20 },
    };
    const digest = Buffer.alloc(16);
    const zeros = { kind: 'zeroRun', run: this.#request, generation: of, volume: 0, first: 0, count: 3 };
    const difference = { volume: 0, chunks: [{ chunk: 0, blocks: Buffer.alloc(8, 1) }], last: true };
    const said: Record<string, readonly object[]> = {
      pairing: [pairing],
      'taken over': [{ ...pairing, epoch: next, takenOver: true, frozen: committed }],
      'far ahead': [{ ...pairing, epoch: 2 ** 32 - 1, takenOver: this.victim === 'main' }],
      begin: [{ kind: 'begin', epoch, generation: of, base: committed, full: false, state: 'PAIR' }],
      zeros: [zeros],
      'torn blocks': [{ ...zeros, kind: 'blockRun', count: 1, digest, data: Buffer.alloc(1.5 * blockBytes) }],
      complete: [{ kind: 'complete', generation: of, blocks: 3, zeroBlocks: 3, digest }],
      committed: ['committed', 'structured'].map((kind) => ({ kind, epoch, generation: of, digest })),
      ask: [{ kind: 'failbackAsk', request: this.#request, epoch, committed, discard: true }],
      done: [{ kind: 'failbackDone', epoch, generation: of }],
      'given back': [{ ...pairing, epoch, committed: of, frozen: of, structured: of }],
      difference: [1, 2, 3].map((request) => ({ kind: 'failbackDifference', request, ...difference })),
    };
    for (const each of said[what] ?? []) this.#peer?.say(each as Message, 0);
  }
}

function refusalIn(error: unknown): void {
  if (!(error instanceof RefusalError)) throw error;
}

describe('a peer that says anything', () => {
  for (const victim of ['main', 'sub'] as const) {
    for (const port of ['remote', 'host'] as const) {
      it(`cannot make ${victim} throw at its ${port} port`, async function () {
        this.timeout(100_000);
        await fc.assert(
          fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async (steps) => {
            const run = new HostileRun(victim, port);
            await run.begin();
            for (const each of steps) await run.step(each);
            await run.finish();
          }),
          { numRuns: Number(process.env.COLDFRAME_MODEL_RUNS ?? 25) },
        );
      });
    }
  }
});
