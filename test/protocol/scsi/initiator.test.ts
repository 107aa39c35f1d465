import { crc32 } from 'node:zlib';
import { expect } from 'chai';
import fc from 'fast-check';
import { decodeMessage, encodeMessage, type Message, type MessageNamed } from '../../../protocol/message/messages.js';
import type { Completion } from '../../../protocol/scsi/commands.js';
import { senseOf } from '../../../protocol/scsi/conditions.js';
import {
  type CommandRequest,
  type CommandResult,
  Initiator,
  type InitiatorEffect,
  type InitiatorMessage,
} from '../../../protocol/scsi/initiator.js';
import { checkedResult, requestOf } from '../../../protocol/scsi/initiator-commands.js';
import { encodeSense } from '../../../protocol/scsi/sense.js';
import { Target, type TargetEffect, type TargetMessage } from '../../../protocol/scsi/target.js';

const readRequest = (sectors: number): CommandRequest => requestOf({ op: 'read', lba: 0, sectors }, 0);
const dataIn = (tag: number, offset: number, data: Uint8Array) => ({ kind: 'dataIn', tag, offset, data }) as const;
const response = (tag: number, data: Uint8Array, fields: Partial<MessageNamed<'response'>> = {}) => {
  const dataCheck = data.length === 0 ? 0 : crc32(data);
  return {
    kind: 'response',
    tag,
    status: 0,
    sense: Buffer.alloc(0),
    dataInBytes: data.length,
    dataCheck,
    ...fields,
  } as const;
};
const resultsOf = (effects: readonly InitiatorEffect[]) =>
  effects.flatMap((effect) => (effect.kind === 'ended' ? [effect.result] : []));
const sentKinds = (effects: readonly InitiatorEffect[]) =>
  effects.flatMap((effect) => (effect.kind === 'send' ? [effect.message.kind] : []));
const empty = new Uint8Array(0);
const data = Buffer.alloc(1024, 5);
const longer = Buffer.alloc(1025, 5);

describe('the SCSI initiator', () => {
  it('has no more commands under way than it may, and sends the next as one ends', () => {
    const initiator = new Initiator({ outstandingMax: 2 });
    const first = initiator.submit(readRequest(0));
    initiator.submit(readRequest(0));
    expect(sentKinds(first.effects)).to.deep.equal(['command']);
    expect(initiator.submit(readRequest(0)).effects).to.deep.equal([]);
    expect(initiator.unfinished).to.equal(3);
    expect(sentKinds(initiator.receive(response(first.tag, empty)))).to.deep.equal(['command']);
    expect(initiator.unfinished).to.equal(2);
  });

  it('sends just the data that it is asked for', () => {
    const initiator = new Initiator({ outstandingMax: 2 });
    const { tag, effects } = initiator.submit(requestOf({ op: 'write', lba: 0, data }, 3));
    const [first] = effects;
    expect(first).to.have.nested.property('message.dataCheck', crc32(data));
    expect(first).to.have.nested.property('message.lun', 3);
    const part = initiator.receive({ kind: 'transferReady', tag, offset: 512, length: 256 });
    expect(part).to.deep.equal([
      { kind: 'send', message: { kind: 'dataOut', tag, offset: 512, data: data.subarray(512, 768) } },
    ]);
    const past = initiator.receive({ kind: 'transferReady', tag, offset: 512, length: 513 });
    expect(past).to.have.nested.property('[0].refusal.code', 'message-unexpected');
  });

  it('sends its data in any order, but no more than there is: a target cannot have it again and again', () => {
    const initiator = new Initiator({ outstandingMax: 2 });
    const { tag } = initiator.submit(requestOf({ op: 'write', lba: 0, data }, 0));
    const ask = (offset: number, length: number) =>
      sentKinds(initiator.receive({ kind: 'transferReady', tag, offset, length }));
    expect([ask(512, 512), ask(0, 256)]).to.deep.equal([['dataOut'], ['dataOut']]);
    expect([ask(0, 512), ask(256, 0)]).to.deep.equal([[], []]);
    expect(ask(256, 256)).to.deep.equal(['dataOut']);
    expect(ask(0, 1)).to.deep.equal([]);
  });

  it('gives the data that came, in one part or several, and the sense data of a CHECK CONDITION', () => {
    const initiator = new Initiator({ outstandingMax: 9 });
    const one = initiator.submit(readRequest(2)).tag;
    initiator.receive(dataIn(one, 0, data));
    expect(resultsOf(initiator.receive(response(one, data)))).to.deep.equal([
      { kind: 'completed', completion: { status: 'good', data } },
    ]);
    const two = initiator.submit(readRequest(2)).tag;
    initiator.receive(dataIn(two, 0, data.subarray(0, 100)));
    initiator.receive(dataIn(two, 100, data.subarray(100)));
    expect(resultsOf(initiator.receive(response(two, data)))).to.deep.equal([
      { kind: 'completed', completion: { status: 'good', data } },
    ]);
    const three = initiator.submit(readRequest(2)).tag;
    const sense = senseOf('unrecoveredReadError', { information: 1 });
    const failed = initiator.receive(response(three, empty, { status: 2, sense: encodeSense(sense) }));
    expect(resultsOf(failed)).to.deep.equal([{ kind: 'completed', completion: { status: 'checkCondition', sense } }]);
  });

  const damages: readonly (readonly [
    string,
    readonly MessageNamed<'dataIn'>[],
    Partial<MessageNamed<'response'>>,
    string,
  ])[] = [
    ['fails its check', [dataIn(1, 0, data)], { dataCheck: 1 }, 'message-check'],
    ['comes in parts of nothing', [dataIn(1, 0, empty), dataIn(1, 0, data)], {}, 'message-check'],
    ['is not all there', [dataIn(1, 0, data.subarray(512))], {}, 'message-check'],
    ['is more than was announced', [dataIn(1, 0, data)], { dataInBytes: 512 }, 'message-check'],
    ['has a gap', [dataIn(1, 0, data.subarray(512)), dataIn(1, 500, data.subarray(512))], {}, 'message-check'],
    [
      'is more than was asked for',
      [dataIn(1, 0, longer)],
      { dataInBytes: 1025, dataCheck: crc32(longer) },
      'message-check',
    ],
    ['comes with a status that nobody knows', [dataIn(1, 0, data)], { status: 0x77 }, 'message-value'],
    [
      'comes with sense data that nobody can read',
      [dataIn(1, 0, data)],
      { status: 2, sense: Buffer.alloc(18) },
      'message-value',
    ],
  ];
  for (const [name, parts, fields, code] of damages) {
    it(`fails a command whose data ${name}`, () => {
      const initiator = new Initiator({ outstandingMax: 1 });
      initiator.submit(readRequest(2));
      for (const part of parts) expect(initiator.receive(part)).to.deep.equal([]);
      const [result] = resultsOf(initiator.receive(response(1, data, fields)));
      expect(result).to.have.nested.property('refusal.code', code);
    });
  }

  it('when the session closes, everything fails, what was not yet sent too; late answers are dropped', () => {
    const initiator = new Initiator({ outstandingMax: 1 });
    const { tag } = initiator.submit(readRequest(1));
    initiator.submit(readRequest(1));
    const results = resultsOf(initiator.reset());
    expect(results).to.have.length(2);
    for (const result of results) expect(result).to.have.nested.property('refusal.code', 'line-lost');
    for (const late of [dataIn(tag, 0, data), response(tag, empty)]) {
      expect(initiator.receive(late)).to.have.nested.property('[0].kind', 'refused');
    }
    const next = initiator.submit(readRequest(1));
    expect(next.tag).to.equal(3);
    expect(next.effects).to.have.length(1);
    expect(initiator.unfinished).to.equal(1);
  });

  it('ends the commands that task management has aborted', () => {
    const initiator = new Initiator({ outstandingMax: 4 });
    const { tag } = initiator.submit(readRequest(1));
    initiator.submit(readRequest(1));
    initiator.manage({ request: 1, function: 'abortTask', lun: 0, managedTag: tag });
    const aborted = initiator.receive({ kind: 'taskResponse', request: 1, response: 'complete' });
    expect(aborted).to.deep.equal([
      { kind: 'managed', request: 1, response: 'complete' },
      { kind: 'ended', tag, result: { kind: 'completed', completion: { status: 'taskAborted' } } },
    ]);
    initiator.manage({ request: 2, function: 'logicalUnitReset', lun: 1, managedTag: 0 });
    expect(initiator.receive({ kind: 'taskResponse', request: 2, response: 'complete' })).to.have.length(1);
    initiator.manage({ request: 3, function: 'abortTaskSet', lun: 0, managedTag: 0 });
    expect(initiator.receive({ kind: 'taskResponse', request: 3, response: 'failed' })).to.have.length(1);
    expect(initiator.unfinished).to.equal(1);
    expect(initiator.receive({ kind: 'taskResponse', request: 3, response: 'complete' })).to.have.nested.property(
      '[0].kind',
      'refused',
    );
  });

  it('a READ that gave less than it should have is a failure', () => {
    const short: CommandResult = { kind: 'completed', completion: { status: 'good', data } };
    expect(checkedResult({ op: 'read', lba: 0, sectors: 2 }, short)).to.equal(short);
    const lacking = checkedResult({ op: 'read', lba: 0, sectors: 3 }, short);
    expect(lacking).to.have.nested.property('refusal.code', 'message-check');
  });
});

/** Initiator and target with nothing but the codec between them; the unit keeps sectors in a plain buffer. */
class Pipe {
  readonly initiator = new Initiator({ outstandingMax: 3 });
  readonly target = new Target({ bufferBytesMax: 300 * 512, commandsMax: 16, luns: [0] });
  readonly medium = Buffer.alloc(600 * 512);
  readonly results = new Map<number, CommandResult>();
  readonly #line: { readonly to: 'target' | 'initiator'; readonly message: Message }[] = [];
  #waiting: Extract<TargetEffect, { kind: 'execute' }>[] = [];

  submit(request: CommandRequest): number {
    const { tag, effects } = this.initiator.submit(request);
    this.#fromInitiator(effects);
    this.#deliver();
    return tag;
  }

  /** Messages arrive in the order in which they were sent, in both directions. */
  #deliver(): void {
    for (let message = this.#line.shift(); message !== undefined; message = this.#line.shift()) {
      const { to } = message;
      if (to === 'target') this.#fromTarget(this.target.receive(over(message.message) as TargetMessage));
      else this.#fromInitiator(this.initiator.receive(over(message.message) as InitiatorMessage));
    }
  }

  #fromInitiator(effects: readonly InitiatorEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'send') this.#line.push({ to: 'target', message: effect.message });
      else if (effect.kind === 'ended') this.results.set(effect.tag, effect.result);
      else throw new Error(`unexpected ${effect.kind}`);
    }
  }

  #fromTarget(effects: readonly TargetEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'execute') this.#waiting.push(effect);
      else if (effect.kind === 'send') this.#line.push({ to: 'initiator', message: effect.message });
      else throw new Error(`unexpected ${effect.kind}`);
    }
  }

  /** Carries out one of the commands that wait; false when none does. */
  execute(choice: number): boolean {
    const [command] = this.#waiting.splice(choice % Math.max(1, this.#waiting.length), 1);
    if (command === undefined) return false;
    this.#fromTarget(this.target.complete(command.id, this.#carryOut(command)));
    this.#deliver();
    return true;
  }

  #carryOut({ cdb, dataOut }: { readonly cdb: Uint8Array; readonly dataOut: Uint8Array }): Completion {
    const bytes = Buffer.from(cdb);
    const at = bytes.readUInt32BE(2) * 512;
    if (bytes[0] === 0x28) {
      return { status: 'good', data: Buffer.from(this.medium.subarray(at, at + bytes.readUInt16BE(7) * 512)) };
    }
    this.medium.set(dataOut, at);
    return { status: 'good', data: empty };
  }
}

function over(message: Message): Message {
  const decoded = decodeMessage(encodeMessage(message));
  if (!decoded.ok) throw new Error(decoded.refusal.detail);
  return decoded.message;
}

describe('initiator and target, one against the other', () => {
  it('carry every command of any size to its end, with its data whole', () => {
    const command = fc.record({ write: fc.boolean(), sectors: fc.integer({ min: 0, max: 280 }), wait: fc.nat(5) });
    fc.assert(
      fc.property(fc.array(command, { minLength: 1, maxLength: 12 }), (commands) => {
        const pipe = new Pipe();
        const tags = commands.map(({ write, sectors, wait }, index) => {
          const content = Buffer.alloc(sectors * 512, index + 1);
          const tag = pipe.submit(
            requestOf(write ? { op: 'write', lba: 7, data: content } : { op: 'read', lba: 7, sectors }, 0),
          );
          if (wait < 3) pipe.execute(wait);
          return tag;
        });
        while (pipe.execute(1));
        expect(pipe.initiator.unfinished).to.equal(0);
        for (const [index, tag] of tags.entries()) {
          const result = pipe.results.get(tag);
          const completion = result?.kind === 'completed' ? result.completion : undefined;
          const bytes = commands[index]?.write === true ? 0 : (commands[index]?.sectors ?? 0) * 512;
          expect(completion?.status === 'good' && completion.data.length).to.equal(bytes);
        }
        pipe.submit(requestOf({ op: 'read', lba: 0, sectors: 600 }, 0));
        while (pipe.execute(0));
        const last = pipe.results.get(tags.length + 1);
        const read = last?.kind === 'completed' && last.completion.status === 'good' ? last.completion.data : empty;
        expect(Buffer.compare(read, pipe.medium)).to.equal(0);
      }),
      { numRuns: 60 },
    );
  });
});
