/** Devices that do wrong with data in a single form of a command, at an edge, or in what comes behind the first of it. */
import type { MediumCommand } from '../../protocol/scsi/commands.js';
import { senseOf } from '../../protocol/scsi/conditions.js';
import { encodeSense } from '../../protocol/scsi/sense.js';
import type { Tampering } from './tampering.js';
import type { Wrong } from './wrong.js';
import { conditionOf, dataOf } from './wrong-scsi.js';

/** Changes commands on their way to the medium. */
const medium = (change: (command: MediumCommand) => MediumCommand): Tampering => ({
  diskCommand: (effect) => ({ ...effect, command: change(effect.command) }),
});

/** Changes the CDB of commands with this operation code, and nothing else about them. */
const block = (opcode: number, change: (cdb: Buffer) => void): Tampering => ({
  messageIn: (message) => {
    if (message.kind !== 'command' || message.cdb[0] !== opcode) return message;
    const cdb = Buffer.from(message.cdb);
    change(cdb);
    return { ...message, cdb };
  },
});

const withoutFua = (opcode: number) => block(opcode, (cdb) => cdb.writeUInt8((cdb[1] ?? 0) & ~0x08, 1));

/** Of the disk of the models. */
const capacitySectors = 2048;

export const wrongMedia: readonly Wrong[] = [
  {
    name: 'flushes a part of what it holds',
    fails: ['D-43'],
    tamper: () =>
      medium((command) => (command.op === 'synchronizeCache' ? { ...command, lba: 0, sectors: 24 } : command)),
  },
  {
    name: 'flushes what was written before the first UNMAP',
    fails: ['D-43'],
    tamper: () => {
      let first: number | undefined;
      return medium((command) => {
        if (command.op === 'unmap') first ??= command.ranges[0]?.lba;
        return command.op === 'synchronizeCache' && first !== undefined
          ? { ...command, lba: 0, sectors: first }
          : command;
      });
    },
  },
  {
    name: 'does nothing on SYNCHRONIZE CACHE (16)',
    fails: ['D-43'],
    tamper: () => block(0x91, (cdb) => cdb.fill(0)),
  },
  { name: 'ignores FUA of WRITE (10)', fails: ['D-44'], tamper: () => withoutFua(0x2a) },
  { name: 'ignores FUA of WRITE (12)', fails: ['D-44'], tamper: () => withoutFua(0xaa) },
  { name: 'ignores FUA of WRITE (16)', fails: ['D-44'], tamper: () => withoutFua(0x8a) },
  { name: 'ignores FUA of COMPARE AND WRITE', fails: ['D-44'], tamper: () => withoutFua(0x89) },
  {
    name: 'leaves the last block out of a write up to it',
    fails: ['D-36'],
    tamper: () =>
      medium((command) => {
        if (command.op !== 'write' || command.data.length <= 512) return command;
        const isLast = command.lba + command.data.length / 512 === capacitySectors;
        return isLast ? { ...command, data: command.data.subarray(0, -512) } : command;
      }),
  },
  {
    name: 'writes nothing on WRITE (6) with length 0',
    fails: ['D-36'],
    tamper: () => ({
      messageIn: (message) =>
        message.kind === 'command' && message.cdb[0] === 0x0a && message.cdb[4] === 0
          ? { ...message, cdb: Buffer.alloc(6), dataOutBytes: 0, dataCheck: 0 }
          : message,
    }),
  },
  {
    name: 'reads one block on READ (6) with length 0',
    fails: ['D-36'],
    tamper: () =>
      block(0x08, (cdb) => {
        if (cdb[4] === 0) cdb.writeUInt8(1, 4);
      }),
  },
  {
    name: 'compares with BYTCHK 11b the first block of the range alone',
    fails: ['D-38'],
    tamper: () =>
      block(0x2f, (cdb) => {
        if (((cdb[1] ?? 0) & 0x06) !== 0x06) return;
        cdb.writeUInt8(0x02, 1);
        cdb.writeUInt16BE(1, 7);
      }),
  },
  {
    name: 'fills eight blocks where it should fill more',
    fails: ['D-39'],
    tamper: () =>
      medium((command) =>
        command.op === 'writeSame' ? { ...command, sectors: Math.min(command.sectors, 8) } : command,
      ),
  },
  {
    name: 'unmaps what is right before it finds out what is not',
    fails: ['D-45'],
    tamper: () => {
      const unmaps = new Set<number>();
      let hasUnmapped = false;
      // The model refuses before any of it: what it would have unmapped is read as zeros.
      const reads = dataOf(
        (cdb) => cdb[0] === 0x28 && cdb[8] === 8 && hasUnmapped,
        (data) => data.fill(0, 2 * 512, 6 * 512),
      );
      return {
        messageIn: (message, queue) => {
          if (message.kind === 'command') unmaps.delete(message.tag);
          if (message.kind === 'command' && message.cdb[0] === 0x42 && message.cdb[8] === 40) unmaps.add(message.tag);
          return reads.messageIn?.(message, queue) ?? message;
        },
        messageOut: (message, queue) => {
          if (message.kind === 'response' && unmaps.has(message.tag)) {
            hasUnmapped = conditionOf(message, 'lbaOutOfRange');
          }
          return reads.messageOut?.(message, queue) ?? message;
        },
      };
    },
  },
  {
    name: 'keeps the tag of a command that half arrived over the end of its session',
    fails: ['D-10'],
    may: ['D-36'],
    tamper: () => {
      const open = new Map<number, number>();
      const kept = new Set<number>();
      return {
        messageIn: (message) => {
          if (message.kind === 'hello') {
            for (const [tag, bytes] of open) if (bytes > 0) kept.add(tag);
            open.clear();
          }
          if (message.kind === 'command') open.set(message.tag, message.dataOutBytes);
          if (message.kind === 'dataOut') open.set(message.tag, (open.get(message.tag) ?? 0) - message.data.length);
          return message;
        },
        messageOut: (message) => {
          if (message.kind !== 'response') return message;
          open.delete(message.tag);
          const isKept = kept.delete(message.tag) && message.status === 0;
          return isKept ? { ...message, status: 2, sense: encodeSense(senseOf('overlappedCommands')) } : message;
        },
      };
    },
  },
];
