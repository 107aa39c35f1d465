/** Devices that do wrong with SCSI, and the numbers at which the suite has to find them out. */
import { crc32 } from 'node:zlib';
import type { Message, MessageNamed } from '../../protocol/message/messages.js';
import type { MediumCommand } from '../../protocol/scsi/commands.js';
import { type ConditionName, senseOf } from '../../protocol/scsi/conditions.js';
import { decodeSense, encodeSense } from '../../protocol/scsi/sense.js';
import type { Tampering } from './tampering.js';
import type { Wrong } from './wrong.js';

type Medium<Op extends MediumCommand['op']> = Extract<MediumCommand, { readonly op: Op }>;

/** Changes commands on their way to the medium. */
function medium<Op extends MediumCommand['op']>(op: Op, change: (command: Medium<Op>) => MediumCommand): Tampering {
  return {
    diskCommand: (effect) =>
      effect.command.op === op ? { ...effect, command: change(effect.command as Medium<Op>) } : effect,
  };
}

const commandIn = (change: (command: MessageNamed<'command'>) => Message): Tampering => ({
  messageIn: (message) => (message.kind === 'command' ? change(message) : message),
});

const responseOut = (change: (response: MessageNamed<'response'>) => Message): Tampering => ({
  messageOut: (message) => (message.kind === 'response' ? change(message) : message),
});

/** Whether a command ends with this condition. */
export const conditionOf = ({ sense }: MessageNamed<'response'>, name: ConditionName): boolean => {
  const decoded = decodeSense(sense);
  const { key, asc, ascq } = senseOf(name);
  return decoded.ok && decoded.sense.key === key && decoded.sense.asc === asc && decoded.sense.ascq === ascq;
};

/** Ends with another condition in the place of one. */
const insteadOf = (name: ConditionName, other: ConditionName): Tampering =>
  responseOut((response) =>
    conditionOf(response, name) ? { ...response, sense: encodeSense(senseOf(other)) } : response,
  );

/** Ends with GOOD in the place of a condition. */
const goodInsteadOf = (name: ConditionName): Tampering =>
  responseOut((response) =>
    conditionOf(response, name) ? { ...response, status: 0, sense: Buffer.alloc(0) } : response,
  );

/** Changes the data of commands with this operation code; its check is right for it. */
export function dataOf(isMeant: (cdb: Uint8Array) => boolean, change: (data: Buffer) => void): Tampering {
  const checks = new Map<number, number>();
  const meant = new Set<number>();
  return {
    messageIn: (message) => {
      if (message.kind === 'command' && isMeant(message.cdb)) meant.add(message.tag);
      else if (message.kind === 'command') meant.delete(message.tag);
      return message;
    },
    messageOut: (message) => {
      if (message.kind === 'dataIn' && meant.has(message.tag)) {
        const data = Buffer.from(message.data);
        change(data);
        checks.set(message.tag, crc32(data));
        return { ...message, data };
      }
      const isEnd = message.kind === 'response' && meant.has(message.tag) && message.dataInBytes > 0;
      return isEnd ? { ...message, dataCheck: checks.get(message.tag) ?? 0 } : message;
    },
  };
}

const vital = (page: number) => (cdb: Uint8Array) => cdb[0] === 0x12 && cdb[1] === 1 && cdb[2] === page;
const operation = (opcode: number) => (cdb: Uint8Array) => cdb[0] === opcode;

export const wrongUnits: readonly Wrong[] = [
  {
    name: 'asks for data from the second block on',
    fails: ['D-1'],
    may: ['D', 'F-9'],
    tamper: () => ({
      messageOut: (message) =>
        message.kind === 'transferReady' && message.offset === 0 ? { ...message, offset: 512 } : message,
    }),
  },
  {
    name: 'asks for the data of one command at a time',
    fails: ['D-2'],
    tamper: () => {
      let asked: number | undefined;
      return {
        messageIn: (message) => {
          if (message.kind === 'command' && message.dataOutBytes === 0) asked = undefined;
          return message;
        },
        messageOut: (message) => {
          if (message.kind === 'response' && message.tag === asked) asked = undefined;
          if (message.kind !== 'transferReady') return message;
          asked ??= message.tag;
          return message.tag === asked ? message : { ...message, tag: 0xfffffff1 };
        },
      };
    },
  },
  { name: 'says GOOD of data that fails its check', fails: ['D-3'], tamper: () => goodInsteadOf('dataPhaseError') },
  {
    name: 'miscounts its data in',
    fails: ['D-4'],
    tamper: () =>
      responseOut((response) => ({
        ...response,
        dataCheck: response.dataInBytes > 0 ? (response.dataCheck ^ 1) >>> 0 : 0,
      })),
  },
  {
    name: 'sends sense data in descriptor format',
    fails: ['D-6', 'D-18', 'D-24', 'D-25', 'D-26', 'D-27', 'D-29', 'D-30'],
    may: ['D'],
    tamper: () =>
      responseOut((response) =>
        response.sense.length === 0
          ? response
          : { ...response, sense: Buffer.concat([Buffer.of(0x72), response.sense.subarray(1)]) },
      ),
  },
  {
    name: 'lists units from 1 on',
    fails: ['D-7'],
    tamper: () => dataOf(operation(0xa0), (data) => data.length >= 16 && data.writeUInt16BE(1, 8)),
  },
  {
    name: 'says WCE 1 at the port of a controller',
    role: 'main',
    fails: ['D-8'],
    tamper: () =>
      dataOf(
        (cdb) => cdb[0] === 0x1a && cdb[2] === 8,
        (data) => data.length > 6 && data.writeUInt8(4, 6),
      ),
  },
  {
    name: 'calls durable what is in a cache',
    role: 'main',
    fails: ['D-9'],
    may: ['I', 'D-30'],
    tamper: () => ({
      diskCommand: (effect) => {
        const isFlush = effect.command.op === 'synchronizeCache' && effect.disk === 'primary0';
        return isFlush ? { ...effect, command: { op: 'verify', lba: 0, sectors: 0 } } : effect;
      },
    }),
  },
  {
    name: 'is never ready',
    fails: ['D-12'],
    tamper: () => {
      const tags = new Set<number>();
      return {
        messageIn: (message) => {
          if (message.kind === 'command' && message.cdb[0] === 0) tags.add(message.tag);
          else if (message.kind === 'command') tags.delete(message.tag);
          return message;
        },
        ...responseOut((response) => {
          const isReady = response.status === 0 && tags.has(response.tag);
          return isReady ? { ...response, status: 2, sense: encodeSense(senseOf('notReady')) } : response;
        }),
      };
    },
  },
  {
    name: 'says it has another inquiry format',
    fails: ['D-13'],
    tamper: () =>
      dataOf(
        (cdb) => cdb[0] === 0x12 && cdb[1] === 0,
        (data) => data.length > 4 && data[0] === 0 && data.writeUInt8(0x11, 3),
      ),
  },
  {
    name: 'lists a page that there is not',
    fails: ['D-14'],
    tamper: () => dataOf(vital(0), (data) => data.length > 8 && data.writeUInt8(0xb1, 7)),
  },
  {
    name: 'has no serial number',
    fails: ['D-15'],
    tamper: () => dataOf(vital(0x80), (data) => data.fill(0x20, 4)),
  },
  {
    name: 'says that it takes no block at once',
    fails: ['D-16'],
    may: ['D-37'],
    tamper: () => dataOf(vital(0xb0), (data) => data.length >= 12 && data.writeUInt32BE(0, 8)),
  },
  {
    name: 'says that it cannot unmap',
    fails: ['D-17'],
    tamper: () => dataOf(vital(0xb2), (data) => data.length > 5 && data.writeUInt8(0, 5)),
  },
  {
    name: 'gives standard data for any page',
    fails: ['D-18'],
    tamper: () =>
      commandIn((command) => {
        const cdb = Buffer.from(command.cdb);
        const isUnknown = cdb[0] === 0x12 && (cdb[2] === 0xf7 || (cdb[1] === 0 && cdb[2] === 0x80));
        return isUnknown ? { ...command, cdb: Buffer.from([0x12, 0, 0, cdb[3] ?? 0, cdb[4] ?? 0, 0]) } : command;
      }),
  },
  {
    name: 'refuses a short allocation length',
    fails: ['D-19'],
    tamper: () =>
      commandIn((command) =>
        command.cdb[0] === 0x12 && (command.cdb[4] ?? 0) < 36 && command.cdb[3] === 0
          ? { ...command, cdb: Buffer.from([0x12, 0, 1, 0, 0, 0]) }
          : command,
      ),
  },
  {
    name: 'has one block more for READ CAPACITY (10)',
    fails: ['D-20'],
    tamper: () => dataOf(operation(0x25), (data) => data.writeUInt32BE(data.readUInt32BE(0) + 1, 0)),
  },
  {
    name: 'says that it knows no FUA',
    fails: ['D-21'],
    tamper: () => dataOf(operation(0x1a), (data) => data.length > 3 && data.writeUInt8(0, 2)),
  },
  {
    name: 'takes any allocation length for REPORT LUNS',
    fails: ['D-22'],
    tamper: () =>
      commandIn((command) =>
        command.cdb[0] === 0xa0 && command.cdb[9] === 15 ? { ...command, cdb: Buffer.alloc(6) } : command,
      ),
  },
  {
    name: 'leaves a command out of its list',
    fails: ['D-23'],
    tamper: () =>
      dataOf(
        (cdb) => cdb[0] === 0xa3 && cdb[2] === 0,
        (data) => data.length > 12 && data.writeUInt8(0xee, 4),
      ),
  },
  {
    name: 'does nothing on an operation code that it does not know',
    fails: ['D-24'],
    tamper: () => commandIn((command) => (command.cdb[0] === 0xc1 ? { ...command, cdb: Buffer.alloc(6) } : command)),
  },
  {
    name: 'looks away from reserved bits',
    fails: ['D-25'],
    tamper: () => commandIn((command) => (command.cdb[0] === 0 ? { ...command, cdb: Buffer.alloc(6) } : command)),
  },
  {
    name: 'has another sense for a block past the end',
    fails: ['D-26', 'D-40', 'D-42', 'D-45'],
    tamper: () => insteadOf('lbaOutOfRange', 'invalidFieldInCdb'),
  },
  {
    name: 'is the same unit under every number',
    fails: ['D-27'],
    tamper: () => commandIn((command) => ({ ...command, lun: 0 })),
  },
  {
    name: 'forgets the unit attention of a reset',
    fails: ['D-28', 'D-29'],
    tamper: () => ({
      messageIn: (message) =>
        message.kind === 'taskManagement' && message.function === 'logicalUnitReset'
          ? { ...message, function: 'abortTaskSet' }
          : message,
    }),
  },
  {
    name: 'forgets the unit attention of power on',
    fails: ['D-30'],
    tamper: () => goodInsteadOf('powerOn'),
  },
  {
    name: 'tells a unit attention twice',
    fails: ['D-29', 'D-30'],
    tamper: () => {
      let again: Uint8Array | undefined;
      return responseOut((response) => {
        const told = again;
        again = undefined;
        if (told !== undefined && response.status === 0) return { ...response, status: 2, sense: told };
        if (conditionOf(response, 'unitReset') || conditionOf(response, 'powerOn'))
          again = Uint8Array.from(response.sense);
        return response;
      });
    },
  },
  {
    name: 'has another sense for a tag that is in use',
    fails: ['D-31'],
    tamper: () => insteadOf('overlappedCommands', 'unitFailure'),
  },
  {
    name: 'takes any task attribute',
    fails: ['D-32'],
    tamper: () => commandIn((command) => ({ ...command, attribute: 'simple' })),
  },
  {
    name: 'sends more data than there is room for',
    fails: ['D-33'],
    tamper: () =>
      commandIn((command) =>
        command.dataInBytesMax === 20 && command.cdb[4] === 36 ? { ...command, dataInBytesMax: 36 } : command,
      ),
  },
  {
    name: 'never finds a task',
    fails: ['D-34'],
    tamper: () => ({
      messageOut: (message) =>
        message.kind === 'taskResponse' && message.response === 'succeeded'
          ? { ...message, response: 'complete' }
          : message,
    }),
  },
  {
    name: 'manages tasks of units that there are not',
    fails: ['D-35'],
    tamper: () => ({ messageIn: (message) => (message.kind === 'taskManagement' ? { ...message, lun: 0 } : message) }),
  },
  {
    name: 'writes one block too far for WRITE (16)',
    fails: ['D-36'],
    may: ['D-44'],
    tamper: () =>
      commandIn((command) => {
        if (command.cdb[0] !== 0x8a) return command;
        const cdb = Buffer.from(command.cdb);
        cdb.writeUInt8((cdb[9] ?? 0) + 1, 9);
        return { ...command, cdb };
      }),
  },
  {
    name: 'refuses to read no blocks',
    fails: ['D-37'],
    tamper: () =>
      commandIn((command) => {
        const isEmpty = command.cdb[0] === 0x28 && command.cdb[7] === 0 && command.cdb[8] === 0;
        return isEmpty ? { ...command, cdb: Buffer.from([0x28, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 1, 0]) } : command;
      }),
  },
  {
    name: 'verifies without a look at the data',
    fails: ['D-38'],
    tamper: () => medium('verify', ({ op, lba, sectors }) => ({ op, lba, sectors })),
  },
  {
    name: 'fills one block where it should fill many',
    fails: ['D-39'],
    tamper: () => medium('writeSame', (command) => ({ ...command, sectors: 1 })),
  },
  {
    name: 'leaves the second range of UNMAP as it is',
    fails: ['D-40'],
    tamper: () => medium('unmap', ({ op, ranges }) => ({ op, ranges: ranges.slice(0, 1) })),
  },
  {
    name: 'writes whatever the comparison says',
    fails: ['D-41'],
    may: ['D-44'],
    tamper: () => medium('compareAndWrite', ({ lba, data }) => ({ op: 'write', lba, data })),
  },
  {
    name: 'calls mapped blocks deallocated',
    fails: ['D-42'],
    tamper: () =>
      dataOf(
        (cdb) => cdb[0] === 0x9e && cdb[1] === 0x12,
        (data) => data.length >= 24 && data.writeUInt8(1, 20),
      ),
  },
  {
    name: 'does nothing on SYNCHRONIZE CACHE',
    fails: ['D-43'],
    tamper: () => medium('synchronizeCache', () => ({ op: 'verify', lba: 0, sectors: 0 })),
  },
  {
    name: 'ignores FUA',
    fails: ['D-44'],
    tamper: () => medium('write', ({ op, lba, data }) => ({ op, lba, data })),
  },
  {
    name: 'goes on although it was stopped',
    fails: ['D-46'],
    tamper: () =>
      commandIn((command) =>
        command.cdb[0] === 0x1b ? { ...command, cdb: Buffer.from([0x1b, 0, 0, 0, 1, 0]) } : command,
      ),
  },
];
