/** How commands and their data travel: PROTOCOL.md, "SCSI information units". */
import { crc32 } from 'node:zlib';
import { sectorBytes } from '../../../protocol/ids.js';
import { encodeCdb } from '../../../protocol/scsi/cdb-encode.js';
import type { Bench } from '../bench.js';
import { type ConformRole, checked, promised, type Requirement, unchecked } from '../check.js';
import { commands, inquiryCdb } from '../exercise.js';
import { demand } from '../finding.js';
import { capacityOf, demandContent, pattern, read, write } from '../medium.js';
import { conditionWords, endWords, isEnd, type ProbeUnit } from '../probe-unit.js';

/** Roles whose logical units can be read before anything was written. */
export const readable: readonly ConformRole[] = ['disk', 'main'];
const target = 'Look at the target: a command counts once all its data has arrived and agrees with its check.';
const tasks = 'Look at tags and task management: SAM-5, clauses 4.9 and 7.';

export const transportRequirements: readonly Requirement[] = [
  checked('D-1', 'Data out is asked for in order, in parts of at most 64 KiB, and all of it.', {
    roles: readable,
    bytes: 210_000,
    remedy: target,
    run: asksInParts,
  }),
  checked('D-2', 'Commands that have half arrived never wait for each other.', {
    roles: readable,
    remedy: 'Ask for data only when there is room for all of the command.',
    run: halfArrived,
  }),
  checked('D-3', 'Data out that does not agree with dataCheck ends the command with ABORTED COMMAND, 4Bh/00h.', {
    roles: readable,
    remedy: target,
    run: wrongDataCheck,
  }),
  checked('D-4', 'Data in comes before its response, in order, with its length and its check.', {
    remedy: 'Look at dataIn and response; dataCheck is the CRC-32 of all data in.',
    run: watching('D-4'),
  }),
  unchecked(
    'D-5',
    'A tag is not used again while its command is under way.',
    'It binds the initiator, which the suite is; D-31 shows what the device makes of one that does.',
  ),
  checked('D-6', 'Sense data is in fixed format and comes with CHECK CONDITION alone.', {
    remedy: 'SPC-4, clause 4.5.3: response code 70h, 18 bytes.',
    run: watching('D-6'),
  }),
  unchecked('D-11', 'The initiator gives again what was not answered.', 'It binds the initiator, which the suite is.'),
  checked('D-10', 'When a session ends, commands that have half arrived are gone.', {
    roles: readable,
    losesData: true,
    remedy: target,
    run: goneWithSession,
  }),
  promised('D-31', 'SAM-5 4.9', 'A tag that is in use ends the second command with ABORTED COMMAND, 4Eh/00h.', {
    roles: readable,
    remedy: tasks,
    run: overlapped,
  }),
  promised('D-32', 'SPL-3', 'Lengths and attributes that do not fit end a command with ABORTED COMMAND, 0Eh/03h.', {
    remedy:
      'A target takes simple tasks alone, and data that the CDB does not call for is refused before any of it is asked for.',
    run: unfit,
  }),
  promised('D-33', 'SPL-3', 'Data past dataInBytesMax is not sent: ABORTED COMMAND, 0Eh/03h.', {
    remedy: 'Hold the data of a command against dataInBytesMax before any of it is sent.',
    run: tooMuchDataIn,
  }),
  promised('D-34', 'SAM-5 7', 'QUERY TASK finds a command that is under way; ABORT TASK ends it without a response.', {
    roles: readable,
    remedy: tasks,
    run: queryAndAbort,
  }),
  promised('D-35', 'SAM-5 7', 'Task management of a unit that there is not is answered with incorrectLun.', {
    remedy: tasks,
    run: managedElsewhere,
  }),
];

function watching(number: string): (bench: Bench) => Promise<void> {
  return async (bench) => {
    const unit = await bench.unit();
    await commands(unit);
    bench.inspect(number);
  };
}

/** VERIFY with data: it takes data out, and changes nothing. */
const verifyCdb = (sectors: number): Buffer => encodeCdb({ op: 'verify', lba: 0, sectors, compare: true });

async function sectorsFor(unit: ProbeUnit, wanted: number): Promise<number> {
  return Math.min(wanted, await capacityOf(unit));
}

async function asksInParts(bench: Bench): Promise<void> {
  const unit = await bench.unit();
  const sectors = await sectorsFor(unit, 400);
  const { asked } = await unit.command(verifyCdb(sectors), { dataOut: Buffer.alloc(sectors * sectorBytes, 0x11) });
  const bytes = asked.reduce((sum, { length }) => sum + length, 0);
  demand(bytes === sectors * sectorBytes, `${sectors * sectorBytes} bytes asked for`, () => `${bytes} bytes`);
  bench.inspect('D-1');
}

async function halfArrived(bench: Bench): Promise<void> {
  const unit = await bench.unit();
  const { session } = unit;
  const data = Buffer.alloc(8 * sectorBytes, 0x22);
  const messages = Array.from({ length: 8 }, () => unit.message(verifyCdb(8), { dataOut: data }));
  for (const message of messages) await session.send(message);
  for (const { tag } of messages.reverse()) {
    await unit.giveData(tag, { dataOut: data });
    await unit.end(tag);
  }
}

async function wrongDataCheck(bench: Bench): Promise<void> {
  const unit = await bench.unit();
  const content = await read(unit, 0, 1);
  const changes = { dataCheck: (crc32(content) ^ 1) >>> 0 };
  await unit.refused(verifyCdb(1), 'data that fails its check', 'dataPhaseError', { dataOut: content, changes });
  await unit.good(verifyCdb(1), 'the same with the right check', { dataOut: content });
}

async function goneWithSession(bench: Bench): Promise<void> {
  const before = await bench.unit();
  const content = pattern('before a session ended', 2);
  await write(before, 0, content);
  const other = pattern('never arrived whole', 2);
  const message = before.message(encodeCdb({ op: 'write', lba: 0, sectors: 2 }), { dataOut: other });
  await before.session.send(message);
  const { tag } = message;
  const { length } = await before.session.next('transferReady', (asked) => asked.tag === tag);
  await before.giveSpan({ tag, offset: 0, length: Math.min(length, sectorBytes) }, other);
  const unit = await bench.unit();
  await demandContent(unit, 0, content, 'what was there before the write that half arrived');
  const whole = pattern('arrived whole, with the same tag', 2);
  const again = { dataOut: whole, changes: { tag } };
  await unit.good(message.cdb, 'the tag of the write that half arrived, in the next session', again);
  await demandContent(unit, 0, whole, 'what the write with that tag has written in the next session');
}

async function overlapped(bench: Bench): Promise<void> {
  const unit = await bench.unit();
  const { session } = unit;
  const message = unit.message(verifyCdb(1), { dataOut: Buffer.alloc(sectorBytes) });
  await session.send(message);
  await session.next('transferReady', ({ tag }) => tag === message.tag);
  await session.send({ ...unit.message(Buffer.alloc(6)), tag: message.tag });
  const end = await unit.end(message.tag);
  demand(isEnd(end, 'overlappedCommands'), conditionWords('overlappedCommands'), () => endWords(end));
}

async function unfit(bench: Bench): Promise<void> {
  const unit = await bench.unit();
  const spoilt = {
    'an INQUIRY with data out': { dataOutBytes: 512 },
    'an ordered task': { attribute: 'ordered' as const },
  };
  for (const [what, changes] of Object.entries(spoilt)) {
    await unit.refused(inquiryCdb(), what, 'invalidInformationUnit', { dataInBytesMax: 36, changes });
  }
}

async function tooMuchDataIn(bench: Bench): Promise<void> {
  const unit = await bench.unit();
  const end = await unit.refused(inquiryCdb(), 'INQUIRY with room for 20 bytes', 'invalidInformationUnit', {
    dataInBytesMax: 20,
  });
  demand(end.data.length === 0, 'no data', () => `${end.data.length} bytes`);
}

async function queryAndAbort(bench: Bench): Promise<void> {
  const unit = await bench.unit();
  const { session } = unit;
  const message = unit.message(verifyCdb(1), { dataOut: Buffer.alloc(sectorBytes) });
  const managedTag = message.tag;
  await session.send(message);
  await session.next('transferReady', ({ tag }) => tag === managedTag);
  const answers = ['succeeded', 'complete', 'complete'];
  for (const [index, name] of (['queryTask', 'abortTask', 'queryTask'] as const).entries()) {
    const request = 300 + index;
    await session.send({ kind: 'taskManagement', request, function: name, lun: 0, managedTag });
    const { response } = await session.next('taskResponse', (answer) => answer.request === request);
    demand(response === answers[index], `${answers[index]} from ${name}`, response);
  }
  const late = session.find('response', ({ tag }) => tag === managedTag);
  demand(late === undefined, 'no response to a command that was aborted', 'a response');
}

async function managedElsewhere(bench: Bench): Promise<void> {
  const { session } = await bench.unit();
  await session.send({ kind: 'taskManagement', request: 310, function: 'queryTask', lun: 250, managedTag: 1 });
  const { response } = await session.next('taskResponse', ({ request }) => request === 310);
  demand(response === 'incorrectLun', 'incorrectLun', response);
}
