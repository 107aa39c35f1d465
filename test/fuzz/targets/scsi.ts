/** SCSI in both directions: what an initiator sends to a unit, and what a unit answers. */
import { answerAbsentUnit, DeviceServer } from '../../../firmware-sim/disk/device-server.js';
import { sectorBytes } from '../../../protocol/ids.js';
import { decodeMessage, encodeMessage, type Message } from '../../../protocol/message/messages.js';
import { decodeCapacity16, decodeLbaStatus } from '../../../protocol/scsi/capacity-data.js';
import { dataOutBytes, parseCdb } from '../../../protocol/scsi/cdb.js';
import { encodeCdb } from '../../../protocol/scsi/cdb-encode.js';
import type { MediumCommand } from '../../../protocol/scsi/commands.js';
import { describeSense } from '../../../protocol/scsi/conditions.js';
import { Initiator, type InitiatorMessage } from '../../../protocol/scsi/initiator.js';
import { requestOf } from '../../../protocol/scsi/initiator-commands.js';
import { operations } from '../../../protocol/scsi/operation-codes.js';
import { decodeStatus } from '../../../protocol/scsi/response.js';
import { decodeSense, encodeSense } from '../../../protocol/scsi/sense.js';
import { Target as ScsiTarget, type TargetEffect, type TargetMessage } from '../../../protocol/scsi/target.js';
import { coldframeIdentity } from '../../../protocol/scsi/unit-profile.js';
import { goldenAnswers, goldenSenses } from '../../protocol/scsi/golden-answers.js';
import { goldenCdbs, refusedCdbs } from '../../protocol/scsi/golden-cdbs.js';
import { fromHex, vectors } from '../../protocol/vectors.js';
import { entriesOf, joined } from '../script.js';
import { bufferOf, property, type Target } from '../target.js';
import { checkedMessage } from './messages.js';

const identity = coldframeIdentity({ product: 'FUZZ', serial: '1' });
const capacitySectors = 2000;
const answerBytesMax = 4096;
const dataOutBytesMax = 2 ** 20;

/** Input: u8 length of the CDB, the CDB, then data out, which is repeated to the length that the CDB calls for. */
export const cdb: Target = {
  name: 'cdb',
  about: 'command descriptor blocks, with their data out, as a logical unit takes them: mode pages and all its answers',
  seeds: [
    ...goldenCdbs.map(({ hex }) => withLength(fromHex(hex))),
    ...refusedCdbs.map(({ hex }) => withLength(fromHex(hex))),
    ...goldenAnswers.map(({ cdb: hex }) => withLength(fromHex(hex))),
    Buffer.concat([withLength(fromHex('42000000000000001800')), fromHex('0016001000000000000000000000012300000010')]),
  ],
  words: operations.map(({ opcode, serviceAction = 0 }) => Buffer.of(opcode, serviceAction)),
  inputBytesMax: 600,
  allocates: { fixedBytes: 2 ** 22, perByte: 256 },
  holds: { fixedBytes: 2 ** 15, perByte: 64 },
  modules: ['protocol/scsi/', 'firmware-sim/disk/device-server', 'firmware-sim/disk/medium-limits'],
  run: (input) => {
    const end = 1 + Math.min(input[0] ?? 0, 32);
    const block = input.subarray(1, end);
    const parsed = parseCdb(block);
    const label = parsed.ok ? parsed.value.op : `${parsed.sense.asc}/${parsed.sense.ascq}`;
    if (parsed.ok) {
      const again = parseCdb(encodeCdb(parsed.value));
      property(again.ok && again.value.op === parsed.value.op, 'it is encoded as the same command');
    }
    const needed = parsed.ok ? dataOutBytes(parsed.value) : 0;
    const dataOut = Buffer.alloc(Math.min(needed, dataOutBytesMax));
    if (input.length > end) dataOut.fill(input.subarray(end));
    const server = new DeviceServer({ identity, capacitySectors, writeCacheEnabled: true });
    const outcome = server.execute(block, dataOut);
    const absent = answerAbsentUnit(block, identity, [0]);
    for (const completion of outcome.kind === 'answer' ? [outcome.completion, absent] : [absent]) {
      if (completion.status === 'good') property(completion.data.length <= answerBytesMax, 'answers are short');
      else if (completion.status === 'checkCondition') encodeSense(completion.sense);
    }
    return { label: `${label} ${outcome.kind}`, output: outcome.kind === 'answer' ? outcome : undefined };
  },
};

function withLength(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.of(bytes.length), bytes]);
}

/** Input: the status byte of a response, then its sense data. */
export const sense: Target = {
  name: 'sense',
  about: 'status and sense data of a response',
  seeds: [
    ...goldenSenses.map(([, hex]) => Buffer.concat([Buffer.of(2), fromHex(hex)])),
    ...[0, 8, 0x18, 0x28, 0x40, 0x99].map((code) => Buffer.of(code)),
  ],
  words: [Buffer.of(0xf0), Buffer.of(0x72)],
  inputBytesMax: 256,
  modules: ['protocol/scsi/'],
  run: (input) => {
    const decoded = decodeStatus({ status: input[0] ?? 0xff, sense: input.subarray(1) }, new Uint8Array(0));
    if (!decoded.ok) {
      property(decoded.refusal.code === 'message-value', decoded.refusal.code);
      return { label: decoded.refusal.code, output: decoded.refusal.detail };
    }
    const { completion } = decoded;
    if (completion.status !== 'checkCondition') return { label: completion.status };
    const again = decodeSense(encodeSense(completion.sense));
    const said = describeSense(completion.sense);
    property(again.ok && describeSense(again.sense) === said, 'it is encoded as it was');
    return { label: completion.sense.key, output: said };
  },
};

/** Input: data in of READ CAPACITY (16) and of GET LBA STATUS. */
export const capacity: Target = {
  name: 'capacity',
  about: 'READ CAPACITY (16) and GET LBA STATUS data of a disk',
  seeds: [
    ...goldenAnswers.filter(({ name }) => name === 'capacity16').map(({ data }) => fromHex(data)),
    fromHex('00000024000000000000000000000000000000080000000000000000000000080000001001000000'),
  ],
  inputBytesMax: 1024,
  holds: { fixedBytes: 4096, perByte: 16 },
  modules: ['protocol/scsi/capacity-data'],
  run: (input) => {
    const sectors = decodeCapacity16(input);
    const bytes = (sectors ?? 0) * sectorBytes;
    property(Number.isSafeInteger(bytes), `a capacity of ${bytes} bytes is no exact number`);
    const runs = decodeLbaStatus(input);
    return { label: `${sectors === undefined ? 'no' : 'a'} capacity, ${Math.min(runs.length, 3)} runs`, output: runs };
  },
};

const bufferBytesMax = 2 ** 20;
const commandsMax = 16;
const messages = vectors.messages.map(({ message, encoded }) => ({ kind: message.kind, bytes: fromHex(encoded) }));
/** Kinds of the golden messages that an initiator or a target takes. */
const informationUnits: ReadonlySet<string> = new Set([
  ...['command', 'transferReady', 'dataOut', 'dataIn', 'response', 'taskManagement', 'taskResponse'],
]);
const encodedOf = (message: Message): Buffer => encodeMessage(message);

function write(tag: number, sectors: number): Message {
  const { cdb: block, dataOut = new Uint8Array(0) } = requestOf(
    { op: 'write', lba: 8, data: Buffer.alloc(sectors * 512) },
    0,
  );
  const sizes = { dataOutBytes: dataOut.length, dataInBytesMax: 0, dataCheck: 0xb2aa7578 };
  return { kind: 'command', tag, lun: 0, attribute: 'simple', cdb: block, ...sizes };
}

/** The seeds of both ends: every information unit of the golden messages, in an order that makes sense. */
const unitSeeds = [
  joined(messages.filter(({ kind }) => informationUnits.has(kind)).map(({ bytes }) => bytes)),
  joined([write(1, 1), { kind: 'dataOut', tag: 1, offset: 0, data: Buffer.alloc(512) } as const].map(encodedOf)),
  joined(
    [
      write(1, 300),
      write(2, 2048),
      { kind: 'dataOut', tag: 1, offset: 0, data: Buffer.alloc(100) } as const,
      { kind: 'taskManagement', request: 1, function: 'abortTask', lun: 0, managedTag: 2 } as const,
      { kind: 'taskManagement', request: 2, function: 'logicalUnitReset', lun: 0, managedTag: 0 } as const,
    ].map(encodedOf),
  ),
];

/** Input: messages to a SCSI target, each with u16 its length before it. */
export const scsiTarget: Target = {
  runsInTests: 60,
  name: 'scsi-target',
  about: 'information units as a SCSI target takes them: commands, their data, task management',
  seeds: unitSeeds,
  inputBytesMax: 8192,
  allocates: { fixedBytes: 4 * 2 ** 20, perByte: 2 ** 16 },
  modules: ['protocol/scsi/', 'protocol/message/'],
  run: (input) => {
    const target = new ScsiTarget({ bufferBytesMax, commandsMax, luns: [0, 1] });
    const running: number[] = [];
    let label = 'nothing';
    const take = (effects: readonly TargetEffect[]) => {
      for (const effect of effects) {
        label = effect.kind;
        if (effect.kind === 'send') encodeMessage(effect.message);
        else if (effect.kind === 'execute') running.push(effect.id);
      }
      property(target.received().length + target.arriving().length <= commandsMax, 'no more commands than allowed');
    };
    for (const entry of entriesOf(bufferOf(input))) {
      const decoded = decodeMessage(entry);
      if (decoded.ok && isForTarget(decoded.message)) take(target.receive(decoded.message));
      // Every other time the command ends at once; the others pile up.
      else if (running.length > 0)
        take(target.complete(running.shift() as number, { status: 'good', data: Buffer.alloc(64) }));
    }
    target.reset();
    for (const id of running) take(target.complete(id, { status: 'busy' }));
    property(target.arriving().length === 0, 'nothing is left');
    return { label };
  },
  repair: repairedUnits,
};

function isForTarget(message: Message): message is TargetMessage {
  return message.kind === 'command' || message.kind === 'dataOut' || message.kind === 'taskManagement';
}

const submitted: readonly MediumCommand[] = [
  { op: 'write', lba: 0, data: Buffer.alloc(dataOutBytesMax) },
  { op: 'read', lba: 0, sectors: 16 },
  { op: 'write', lba: 0, data: Buffer.alloc(4096) },
  { op: 'getLbaStatus', lba: 0, allocationBytes: 1024 },
];

const answers: readonly Message[] = [
  { kind: 'transferReady', tag: 1, offset: 0, length: 65_536 },
  { kind: 'transferReady', tag: 1, offset: 65_536, length: 65_536 },
  { kind: 'dataIn', tag: 2, offset: 0, data: Buffer.alloc(100) },
  { kind: 'dataIn', tag: 2, offset: 100, data: Buffer.alloc(0) },
  { kind: 'response', tag: 2, status: 0, sense: Buffer.alloc(0), dataInBytes: 100, dataCheck: 0 },
  { kind: 'response', tag: 1, status: 2, sense: Buffer.alloc(18, 0x70), dataInBytes: 0, dataCheck: 0 },
];

/** Input: messages to a SCSI initiator with a few commands under way, each with u16 its length before it. */
export const scsiInitiator: Target = {
  runsInTests: 60,
  name: 'scsi-initiator',
  about: 'information units as a SCSI initiator takes them: requests for data, data, responses',
  seeds: [
    joined(answers.map(encodedOf)),
    joined(messages.filter(({ kind }) => informationUnits.has(kind)).map(({ bytes }) => bytes)),
  ],
  inputBytesMax: 8192,
  // A target may ask for all data of the commands that were given, once.
  allocates: { fixedBytes: 2 ** 23, perByte: 1024 },
  modules: ['protocol/scsi/', 'protocol/message/'],
  run: (input) => {
    const initiator = new Initiator({ outstandingMax: 3 });
    for (const command of submitted) initiator.submit(requestOf(command, 0));
    const labels = new Set<string>();
    for (const entry of entriesOf(bufferOf(input))) {
      const decoded = decodeMessage(entry);
      if (!decoded.ok || !isForInitiator(decoded.message)) continue;
      for (const effect of initiator.receive(decoded.message)) {
        labels.add(effect.kind);
        if (effect.kind === 'send') encodeMessage(effect.message);
      }
    }
    property(initiator.unfinished <= submitted.length, 'no command appears');
    return { label: [...labels].sort().join(' '), output: initiator };
  },
  repair: repairedUnits,
};

function isForInitiator(message: Message): message is InitiatorMessage {
  return ['transferReady', 'dataIn', 'response', 'taskResponse'].includes(message.kind);
}

function repairedUnits(input: Uint8Array): Uint8Array {
  return joined(entriesOf(bufferOf(input)).map(checkedMessage));
}
