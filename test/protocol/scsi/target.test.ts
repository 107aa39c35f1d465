import { crc32 } from 'node:zlib';
import { expect } from 'chai';
import type { Message, MessageNamed } from '../../../protocol/message/messages.js';
import { encodeCdb } from '../../../protocol/scsi/cdb-encode.js';
import type { Completion } from '../../../protocol/scsi/commands.js';
import { type ConditionName, senseOf } from '../../../protocol/scsi/conditions.js';
import { encodeSense } from '../../../protocol/scsi/sense.js';
import { Target, type TargetEffect } from '../../../protocol/scsi/target.js';

const target = (options: Partial<ConstructorParameters<typeof Target>[0]> = {}) =>
  new Target({ bufferBytesMax: 2 ** 20, commandsMax: 8, luns: [0, 1], ...options });
const done: Completion = { status: 'good', data: new Uint8Array(0) };
const readyCdb = encodeCdb({ op: 'testUnitReady' });

function command(tag: number, fields: Partial<MessageNamed<'command'>> = {}): MessageNamed<'command'> {
  const none = { dataOutBytes: 0, dataInBytesMax: 0, dataCheck: 0 };
  return { kind: 'command', tag, lun: 0, attribute: 'simple', cdb: readyCdb, ...none, ...fields };
}

function write(tag: number, data: Uint8Array, fields: Partial<MessageNamed<'command'>> = {}) {
  const cdb = encodeCdb({ op: 'write', lba: 0, sectors: data.length / 512 });
  return command(tag, { cdb, dataOutBytes: data.length, dataCheck: crc32(data), ...fields });
}

const dataOut = (tag: number, offset: number, data: Uint8Array): MessageNamed<'dataOut'> => {
  return { kind: 'dataOut', tag, offset, data };
};
const manage = (fn: MessageNamed<'taskManagement'>['function'], managedTag = 0, lun = 0) =>
  ({ kind: 'taskManagement', request: 70, function: fn, lun, managedTag }) as const;

const sent = (effects: readonly TargetEffect[]): Message[] =>
  effects.flatMap((effect) => (effect.kind === 'send' ? [effect.message] : []));
const executed = (effects: readonly TargetEffect[]) =>
  effects.flatMap((effect) => (effect.kind === 'execute' ? [effect] : []));
const idOf = (effects: readonly TargetEffect[]): number => {
  const [first] = executed(effects);
  if (first === undefined) throw new Error('no command was handed up');
  return first.id;
};
const asked = (effects: readonly TargetEffect[]) =>
  sent(effects).flatMap((message) =>
    message.kind === 'transferReady' ? [[message.tag, message.offset, message.length]] : [],
  );

function response(tag: number, condition: ConditionName): Message {
  const sense = encodeSense(senseOf(condition));
  return { kind: 'response', tag, status: 2, sense, dataInBytes: 0, dataCheck: 0 };
}
const status = (tag: number, value: number): Message => {
  return { kind: 'response', tag, status: value, sense: new Uint8Array(0), dataInBytes: 0, dataCheck: 0 };
};

describe('the SCSI target', () => {
  it('hands a command up only when the last byte of its data has arrived', () => {
    const unit = target();
    const data = Buffer.alloc(200 * 1024, 3);
    const begun = unit.receive(write(5, data));
    expect(asked(begun)).to.deep.equal([
      [5, 0, 65536],
      [5, 65536, 65536],
    ]);
    expect(unit.arriving().map(({ tag }) => tag)).to.deep.equal([5]);
    expect(asked(unit.receive(dataOut(5, 0, data.subarray(0, 65536))))).to.deep.equal([[5, 131072, 65536]]);
    unit.receive(dataOut(5, 65536, data.subarray(65536, 196608)));
    expect(unit.received()).to.deep.equal([]);
    const last = unit.receive(dataOut(5, 196608, data.subarray(196608)));
    expect(executed(last)).to.have.length(1);
    expect(Buffer.compare(executed(last)[0]?.dataOut ?? Buffer.alloc(0), data)).to.equal(0);
    expect(unit.received().map(({ tag }) => tag)).to.deep.equal([5]);
    expect(unit.arriving()).to.deep.equal([]);
    expect(unit.complete(idOf(last), done)).to.deep.equal([{ kind: 'send', message: status(5, 0) }]);
    expect(unit.received()).to.deep.equal([]);
  });

  it('sends data in parts of at most 64 KiB, and the check of the whole', () => {
    const unit = target();
    const cdb = encodeCdb({ op: 'read', lba: 0, sectors: 256 });
    const id = idOf(unit.receive(command(2, { cdb, dataInBytesMax: 131072 })));
    const data = Buffer.alloc(131072, 9);
    const messages = sent(unit.complete(id, { status: 'good', data }));
    expect(messages.map(({ kind }) => kind)).to.deep.equal(['dataIn', 'dataIn', 'response']);
    expect(messages.at(-1)).to.deep.include({ status: 0, dataInBytes: 131072, dataCheck: crc32(data) });
  });

  it('carries each status, and sense data with CHECK CONDITION', () => {
    const answers: readonly (readonly [Completion, Message])[] = [
      [{ status: 'checkCondition', sense: senseOf('writeError') }, response(1, 'writeError')],
      [{ status: 'busy' }, status(1, 0x08)],
      [{ status: 'reservationConflict' }, status(1, 0x18)],
      [{ status: 'taskSetFull' }, status(1, 0x28)],
      [{ status: 'taskAborted' }, status(1, 0x40)],
    ];
    for (const [completion, message] of answers) {
      const unit = target();
      expect(sent(unit.complete(idOf(unit.receive(command(1))), completion))).to.deep.equal([message]);
    }
  });

  it('asks for no data that its buffers cannot take, and takes up what waits when they are free', () => {
    const unit = target({ bufferBytesMax: 100 * 1024 });
    const data = Buffer.alloc(60 * 1024, 1);
    expect(asked(unit.receive(write(1, data)))).to.deep.equal([[1, 0, data.length]]);
    expect(unit.receive(write(2, data))).to.deep.equal([]);
    expect(unit.receive(write(3, Buffer.alloc(512)))).to.deep.equal([]);
    expect(unit.arriving().map(({ tag }) => tag)).to.deep.equal([1, 2, 3]);
    const id = idOf(unit.receive(dataOut(1, 0, data)));
    expect(asked(unit.complete(id, done))).to.deep.equal([
      [2, 0, data.length],
      [3, 0, 512],
    ]);
  });

  it('a buffer is held until the command is answered, and given back when its data is wrong', () => {
    const unit = target({ bufferBytesMax: 1024 });
    const data = Buffer.alloc(1024, 1);
    unit.receive(write(1, data, { dataCheck: 1 }));
    unit.receive(write(2, data));
    const effects = unit.receive(dataOut(1, 0, data));
    expect(sent(effects)[0]).to.deep.equal(response(1, 'dataPhaseError'));
    expect(asked(effects)).to.deep.equal([[2, 0, 1024]]);
  });

  it('ends a command with TASK SET FULL when it has as many as it takes, those of the last session among them', () => {
    const unit = target({ commandsMax: 2 });
    const id = idOf(unit.receive(command(1)));
    unit.reset();
    unit.receive(command(1));
    expect(sent(unit.receive(command(2)))).to.deep.equal([status(2, 0x28)]);
    unit.complete(id, done);
    expect(executed(unit.receive(command(3)))).to.have.length(1);
  });

  const wrong: readonly (readonly [string, MessageNamed<'command'>, ConditionName])[] = [
    [
      'data of another length than the block calls for',
      write(1, Buffer.alloc(512), { dataOutBytes: 1024 }),
      'invalidInformationUnit',
    ],
    ['an attribute that nobody keeps', command(1, { attribute: 'ordered' }), 'invalidInformationUnit'],
    ['more data than it has buffers for', write(1, Buffer.alloc(2 ** 20 + 512)), 'insufficientResources'],
  ];
  for (const [name, message, condition] of wrong) {
    it(`refuses ${name}`, () => {
      expect(sent(target().receive(message))).to.deep.equal([response(1, condition)]);
    });
  }

  it('hands up at once what it cannot read, without its data: the unit knows how to refuse it', () => {
    const effects = target().receive(command(1, { cdb: Buffer.from('020000000000', 'hex'), dataOutBytes: 512 }));
    expect(executed(effects)).to.have.length(1);
    expect(asked(effects)).to.deep.equal([]);
  });

  it('aborts a command whose data comes out of order, unasked or not at all', () => {
    const data = Buffer.alloc(200 * 1024, 1);
    const parts: readonly (readonly [MessageNamed<'dataOut'>, ConditionName])[] = [
      [dataOut(1, 512, data.subarray(0, 512)), 'dataOffsetError'],
      [dataOut(1, 0, data.subarray(0, 0)), 'dataOffsetError'],
      [dataOut(1, 0, data), 'tooMuchWriteData'],
    ];
    for (const [part, condition] of parts) {
      const unit = target();
      unit.receive(write(1, data));
      expect(sent(unit.receive(part))).to.deep.equal([response(1, condition)]);
      expect(unit.receive(part)).to.have.nested.property('[0].refusal.code', 'message-unexpected');
    }
  });

  it('ends both commands of one tag: the second with OVERLAPPED COMMANDS, the first unanswered', () => {
    const unit = target();
    const id = idOf(unit.receive(command(1)));
    expect(sent(unit.receive(command(1)))).to.deep.equal([response(1, 'overlappedCommands')]);
    expect(unit.received()).to.deep.equal([]);
    expect(unit.complete(id, done)).to.deep.equal([]);
  });

  it('more data than the initiator can take is an error, not cut off', () => {
    const unit = target();
    const id = idOf(unit.receive(command(1, { dataInBytesMax: 10 })));
    expect(sent(unit.complete(id, { status: 'good', data: Buffer.alloc(11) }))).to.deep.equal([
      response(1, 'invalidInformationUnit'),
    ]);
  });

  it('when the session closes, half a command vanishes, a whole one runs to its end unanswered', () => {
    const unit = target({ bufferBytesMax: 1024 });
    const data = Buffer.alloc(512, 1);
    unit.receive(write(1, data));
    const id = idOf(unit.receive(dataOut(1, 0, data)));
    unit.receive(write(2, data));
    unit.reset();
    expect(unit.arriving()).to.deep.equal([]);
    expect(unit.receive(dataOut(2, 0, data))).to.have.nested.property('[0].kind', 'refused');
    expect(asked(unit.receive(write(1, data)))).to.deep.equal([[1, 0, 512]]);
    expect(unit.receive(write(3, data))).to.deep.equal([]);
    expect(asked(unit.complete(id, done))).to.deep.equal([[3, 0, 512]]);
    expect(() => unit.complete(id, done)).to.throw('invariant broken');
  });
});

describe('task management at the target', () => {
  const answer = (value: MessageNamed<'taskResponse'>['response']): Message => {
    return { kind: 'taskResponse', request: 70, response: value };
  };

  it('aborts half a command at once', () => {
    const unit = target();
    unit.receive(write(1, Buffer.alloc(512)));
    expect(sent(unit.receive(manage('abortTask', 1)))).to.deep.equal([answer('complete')]);
    expect(unit.arriving()).to.deep.equal([]);
  });

  it('answers only when a command that is being carried out has ended, which itself goes unanswered', () => {
    const unit = target();
    const first = idOf(unit.receive(command(1)));
    const second = idOf(unit.receive(command(2)));
    expect(unit.receive(manage('abortTaskSet'))).to.deep.equal([]);
    expect(unit.complete(first, done)).to.deep.equal([]);
    expect(sent(unit.complete(second, done))).to.deep.equal([answer('complete')]);
  });

  it('nobody is answered any more when the session has closed', () => {
    const unit = target();
    const id = idOf(unit.receive(command(1)));
    unit.receive(manage('abortTask', 1));
    unit.reset();
    expect(unit.complete(id, done)).to.deep.equal([]);
  });

  it('is about one logical unit, and one command', () => {
    const unit = target();
    unit.receive(command(1));
    unit.receive(command(2, { lun: 1 }));
    unit.receive(manage('clearTaskSet', 0, 1));
    expect(unit.received().map(({ tag }) => tag)).to.deep.equal([1]);
    expect(sent(unit.receive(manage('abortTask', 9)))).to.deep.equal([answer('complete')]);
    expect(unit.received().map(({ tag }) => tag)).to.deep.equal([1]);
  });

  it('a reset of the logical unit tells the layer above', () => {
    const unit = target();
    unit.receive(write(1, Buffer.alloc(512)));
    expect(unit.receive(manage('logicalUnitReset'))).to.deep.equal([
      { kind: 'unitReset', lun: 0 },
      { kind: 'send', message: answer('complete') },
    ]);
  });

  it('knows which commands it has, and which logical units', () => {
    const unit = target();
    unit.receive(command(1));
    expect(sent(unit.receive(manage('queryTask', 1)))).to.deep.equal([answer('succeeded')]);
    expect(sent(unit.receive(manage('queryTask', 2)))).to.deep.equal([answer('complete')]);
    expect(sent(unit.receive(manage('queryTask', 1, 5)))).to.deep.equal([answer('incorrectLun')]);
  });
});
