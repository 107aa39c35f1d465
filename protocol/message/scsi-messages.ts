/** SCSI information units, after SSP (SAS Protocol Layer, clause 6): tags 0x10 … */
import { bytes, choice, u8, u16, u32 } from './field.js';
import { control, hostIo, message } from './message.js';
import { dataBytesMax, request } from './vocabulary.js';

export const scsiMessages = [
  message({
    kind: 'command',
    tag: 0x10,
    priority: control,
    way: 'initiator → target',
    doc: 'COMMAND information unit.',
    fields: {
      tag: u32('initiator’s tag of this command, unique among its outstanding ones'),
      lun: u16('logical unit'),
      attribute: choice({ simple: 0, headOfQueue: 1, ordered: 2 }, 'task attribute'),
      cdb: bytes(32, 'command descriptor block'),
      dataOutBytes: u32('how many bytes of data follow on request'),
      dataInBytesMax: u32('how many bytes of data the initiator can take'),
      dataCheck: u32('CRC-32 of all data out, 0 without data'),
    },
  }),
  message({
    kind: 'transferReady',
    tag: 0x11,
    priority: hostIo,
    way: 'target → initiator',
    doc: 'XFER_RDY: the target has room for this part of the data.',
    fields: { tag: u32('command'), offset: u32('first byte asked for'), length: u32('how many') },
  }),
  message({
    kind: 'dataOut',
    tag: 0x12,
    priority: hostIo,
    way: 'initiator → target',
    doc: 'DATA, host to device; only what a transferReady asked for.',
    fields: { tag: u32('command'), offset: u32('of the first byte'), data: bytes(dataBytesMax, 'data') },
  }),
  message({
    kind: 'dataIn',
    tag: 0x13,
    priority: hostIo,
    way: 'target → initiator',
    doc: 'DATA, device to host.',
    fields: { tag: u32('command'), offset: u32('of the first byte'), data: bytes(dataBytesMax, 'data') },
  }),
  message({
    kind: 'response',
    tag: 0x14,
    priority: hostIo,
    way: 'target → initiator',
    doc: 'RESPONSE information unit: the command has ended.',
    fields: {
      tag: u32('command'),
      status: u8(
        'SAM status: 00h GOOD, 02h CHECK CONDITION, 08h BUSY, 18h RESERVATION CONFLICT, 28h TASK SET FULL, 40h TASK ABORTED',
      ),
      sense: bytes(252, 'fixed format sense data with CHECK CONDITION, else empty'),
      dataInBytes: u32('how many bytes of data were sent'),
      dataCheck: u32('CRC-32 of all data in, 0 without data'),
    },
  }),
  message({
    kind: 'taskManagement',
    tag: 0x15,
    priority: control,
    way: 'initiator → target',
    doc: 'TASK information unit.',
    fields: {
      request,
      function: choice(
        { abortTask: 1, abortTaskSet: 2, clearTaskSet: 4, logicalUnitReset: 8, queryTask: 128 },
        'function',
      ),
      lun: u16('logical unit'),
      managedTag: u32('the command it is about, for abortTask and queryTask'),
    },
  }),
  message({
    kind: 'taskResponse',
    tag: 0x16,
    priority: control,
    way: 'target → initiator',
    doc: 'Answer to taskManagement.',
    fields: {
      request,
      response: choice({ complete: 0, failed: 5, notSupported: 4, succeeded: 8, incorrectLun: 9 }, 'response code'),
    },
  }),
] as const;
