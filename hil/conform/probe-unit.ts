/**
 * SCSI commands as the suite gives them: one at a time, with everything that comes back kept and held to the protocol.
 */
import { crc32 } from 'node:zlib';
import { sectorBytes } from '../../protocol/ids.js';
import { sealedOverheadBytes } from '../../protocol/limits.js';
import type { Message, MessageNamed } from '../../protocol/message/messages.js';
import { samStatus } from '../../protocol/scsi/commands.js';
import { type ConditionName, conditions, describeSense } from '../../protocol/scsi/conditions.js';
import { decodeSense, type Sense, senseKeys } from '../../protocol/scsi/sense.js';
import { demand } from './finding.js';
import { hexWords } from './frame-words.js';
import type { ProbeSession } from './probe-session.js';

export interface CommandOptions {
  readonly lun?: number;
  readonly dataOut?: Uint8Array;
  readonly dataInBytesMax?: number;
  /** Parts of the command message that a check spoils. */
  readonly changes?: Partial<MessageNamed<'command'>>;
  /** Bytes of data out in one message. */
  readonly partBytes?: number;
  readonly limitUs?: number;
}

export interface CommandEnd {
  readonly response: MessageNamed<'response'>;
  readonly data: Buffer;
  readonly sense: Sense | undefined;
  readonly asked: readonly MessageNamed<'transferReady'>[];
}

/** How long a command may take, in microseconds. */
const commandUs = 10_000_000;
const partBytesMax = 65_536;
/** What a message of data has besides its data, at most: tag, command, offset, length and check. */
const dataHeaderBytes = 32;

export class ProbeUnit {
  readonly session: ProbeSession;
  #tag: number;

  constructor(session: ProbeSession, firstTag = 1) {
    this.session = session;
    this.#tag = firstTag;
  }

  /** The tag of the next command. */
  nextTag(): number {
    this.#tag += 1;
    return this.#tag;
  }

  /** The message of a command, with a tag of its own. */
  message(cdb: Uint8Array, { lun = 0, dataOut, dataInBytesMax = 0, changes = {} }: CommandOptions = {}) {
    const dataCheck = dataOut === undefined || dataOut.length === 0 ? 0 : crc32(dataOut);
    const fields = {
      lun,
      attribute: 'simple' as const,
      cdb,
      dataOutBytes: dataOut?.length ?? 0,
      dataInBytesMax,
      dataCheck,
    };
    return { kind: 'command' as const, tag: this.nextTag(), ...fields, ...changes };
  }

  /** Carries out a command; resolves with how it ended. */
  async command(cdb: Uint8Array, options: CommandOptions = {}): Promise<CommandEnd> {
    const message = this.message(cdb, options);
    const from = this.session.messages.length;
    await this.session.send(message);
    const asked = await this.giveData(message.tag, options);
    return this.end(message.tag, from, asked, options.limitUs);
  }

  /** Waits for the end of a command that has been sent. */
  async end(
    tag: number,
    from = 0,
    asked: readonly MessageNamed<'transferReady'>[] = [],
    limitUs = commandUs,
  ): Promise<CommandEnd> {
    const { probe } = this.session.link;
    const since = () => this.session.messages.slice(from);
    const response = await probe.need(
      `a response to command ${tag}`,
      () => since().find((m) => isOf(m, 'response', tag)) as MessageNamed<'response'> | undefined,
      limitUs,
    );
    const messages = since();
    const data = this.#dataOf(messages, response);
    return { response, data, sense: this.#senseOf(response), asked };
  }

  /** A command that has to end with GOOD; its data. */
  async good(cdb: Uint8Array, what: string, options: CommandOptions = {}): Promise<Buffer> {
    const end = await this.command(cdb, options);
    demand(end.response.status === samStatus.good, `GOOD from ${what}`, () => endWords(end));
    return end.data;
  }

  /** A command that has to end with CHECK CONDITION and one of these conditions. */
  async refused(
    cdb: Uint8Array,
    what: string,
    names: ConditionName | readonly ConditionName[],
    options: CommandOptions = {},
  ) {
    const end = await this.command(cdb, options);
    const all = typeof names === 'string' ? [names] : names;
    demand(
      all.some((name) => isEnd(end, name)),
      `${all.map(conditionWords).join(' or ')} from ${what}`,
      () => endWords(end),
    );
    return end;
  }

  /** Takes the unit attentions that wait: TEST UNIT READY until it tells of none. */
  async clearAttentions(lun = 0): Promise<void> {
    for (let tries = 0; tries < 8; tries += 1) {
      const { sense } = await this.command(Buffer.alloc(6), { lun });
      if (sense?.key !== 'unitAttention') return;
    }
  }

  /** Gives the data of a command that has been sent, as far as the device asks for it; resolves with what it asked for. */
  async giveData(tag: number, { dataOut, partBytes }: Pick<CommandOptions, 'dataOut' | 'partBytes'>) {
    const asked: MessageNamed<'transferReady'>[] = [];
    if (dataOut === undefined || dataOut.length === 0) return asked;
    const { probe } = this.session.link;
    let given = 0;
    while (given < dataOut.length) {
      const next = await probe.need(`transferReady or a response for command ${tag}`, () =>
        this.#wanted(tag, asked.length),
      );
      if (next.kind === 'response') return asked;
      asked.push(next);
      this.#askedRightly(next, dataOut.length, given);
      await this.giveSpan(next, dataOut, partBytes);
      given += next.length;
    }
    return asked;
  }

  /** Gives a part of the data of a command, in messages that the device takes. */
  async giveSpan(
    { tag, offset, length }: Pick<MessageNamed<'transferReady'>, 'tag' | 'offset' | 'length'>,
    dataOut: Uint8Array,
    partBytes = partBytesMax,
  ): Promise<void> {
    const bytes = Math.min(partBytes, this.#partBytesMax());
    for (let at = offset; at < offset + length; at += bytes) {
      const data = dataOut.subarray(at, Math.min(at + bytes, offset + length));
      await this.session.send({ kind: 'dataOut', tag, offset: at, data });
    }
  }

  /** How much data fits the longest message that the device takes: whole blocks where there is room for one. */
  #partBytesMax(): number {
    const { link, seals } = this.session;
    const room = link.peerLimits.messageBytesMax - dataHeaderBytes - (seals === undefined ? 0 : sealedOverheadBytes);
    const whole = room < sectorBytes ? room : room - (room % sectorBytes);
    return Math.max(1, Math.min(partBytesMax, whole));
  }

  #wanted(tag: number, index: number): MessageNamed<'transferReady' | 'response'> | undefined {
    const { messages } = this.session;
    const asked = messages.filter((m): m is MessageNamed<'transferReady'> => isOf(m, 'transferReady', tag))[index];
    return asked ?? (messages.find((m) => isOf(m, 'response', tag)) as MessageNamed<'response'> | undefined);
  }

  #askedRightly({ offset, length }: MessageNamed<'transferReady'>, bytes: number, given: number): void {
    if (length >= 1 && length <= partBytesMax && offset === given && offset + length <= bytes) return;
    const expected = `at most ${partBytesMax} bytes from byte ${given} on, of ${bytes}`;
    this.session.link.probe.note('D-1', expected, `${length} bytes from byte ${offset} on`);
    demand(length >= 1 && offset + length <= bytes, expected, `${length} bytes from byte ${offset} on`);
  }

  #dataOf(messages: readonly Message[], response: MessageNamed<'response'>): Buffer {
    const { tag } = response;
    const parts = messages.filter((m): m is MessageNamed<'dataIn'> => isOf(m, 'dataIn', tag));
    const { probe } = this.session.link;
    const at = messages.indexOf(response);
    if (messages.findIndex((m, index) => index > at && isOf(m, 'dataIn', tag)) !== -1) {
      probe.note('D-4', 'all data before the response', `data of command ${tag} behind it`);
    }
    let expected = 0;
    for (const { offset, data } of parts) {
      if (offset !== expected) probe.note('D-4', `data from byte ${expected} on`, `byte ${offset}`);
      expected = offset + data.length;
    }
    const data = Buffer.concat(parts.map((part) => part.data));
    const check = data.length === 0 ? 0 : crc32(data);
    if (response.dataInBytes !== data.length) {
      probe.note('D-4', `dataInBytes ${data.length}, as many as came`, String(response.dataInBytes));
    } else if (response.dataCheck !== check) {
      probe.note('D-4', `dataCheck ${check.toString(16)}`, response.dataCheck.toString(16));
    }
    return data;
  }

  #senseOf({ status, sense }: MessageNamed<'response'>): Sense | undefined {
    const { probe } = this.session.link;
    if (status !== samStatus.checkCondition) {
      if (sense.length > 0) probe.note('D-6', 'no sense data without CHECK CONDITION', hexWords(sense, 32));
      return undefined;
    }
    const decoded = decodeSense(sense);
    if (!decoded.ok) probe.note('D-6', 'fixed format sense data, response code 70h', hexWords(sense, 32));
    return decoded.ok ? decoded.sense : undefined;
  }
}

/** How a command ended, in words. */
export function endWords({ response, sense, data }: CommandEnd): string {
  if (sense !== undefined) return `CHECK CONDITION, ${describeSense(sense)}`;
  if (response.status === samStatus.good) return `GOOD with ${data.length} bytes`;
  return `status ${response.status.toString(16).padStart(2, '0')}h with sense data "${hexWords(response.sense, 18)}"`;
}

/** A condition as the standards write it. */
export function conditionWords(name: ConditionName): string {
  const { key, asc, ascq } = conditions[name];
  return describeSense({ key, asc, ascq });
}

/** Whether a command ended with this condition. */
export function isEnd({ sense }: CommandEnd, name: ConditionName): boolean {
  const { key, asc, ascq } = conditions[name];
  return sense !== undefined && senseKeys[sense.key] === senseKeys[key] && sense.asc === asc && sense.ascq === ascq;
}

function isOf(message: Message, kind: 'transferReady' | 'dataIn' | 'response', tag: number): boolean {
  return message.kind === kind && (message as MessageNamed<typeof kind>).tag === tag;
}
