/**
 * What was heard, as plain data: what `coldframe decode --json` prints. Names are those of the dissector: the value
 * `fields.token` of a message `freeze` is `coldframe.freeze.token` there, `open.own` is `coldframe.open.own`.
 */
import { plainRun } from '../../protocol/compression/plain-run.js';
import { assert, unreachable } from '../../protocol/ids.js';
import { linkVersion } from '../../protocol/link/open-frame.js';
import { definitions, type Message } from '../../protocol/message/messages.js';
import type { Shape } from '../../protocol/message/shape.js';
import { type Refusal, refusalByNumber } from '../../protocol/refusals.js';
import type { HeardContent, HeardData, HeardFrame, HeardMessage } from './listen/heard.js';

export type Plain = number | string | boolean | readonly Plain[] | { readonly [name: string]: Plain };

export interface DescribedFrame {
  /** As Wireshark counts, from 1. */
  readonly number: number;
  /** Microseconds since 1970, or since virtual time began. */
  readonly atUs: number;
  readonly line: string;
  readonly from: string;
  readonly to: string;
  readonly frame?: Readonly<Record<string, Plain>>;
  readonly open?: Readonly<Record<string, Plain>>;
  readonly acknowledgement?: readonly Readonly<Record<string, Plain>>[];
  readonly messages?: readonly DescribedMessage[];
  readonly refusal?: Refusal;
}

export interface DescribedMessage {
  readonly bytes: number;
  /** It was sealed under this counter. */
  readonly sealed?: number;
  readonly kind?: string;
  readonly fields?: Readonly<Record<string, Plain>>;
  /** Of a compressed run: how many bytes its data stands for. */
  readonly inflatedBytes?: number;
  readonly refusal?: Refusal;
  /** Why it stays sealed: the key, or a hello that is not in the capture. */
  readonly missing?: string;
}

export function describe({ captured, from, to, mark, content }: HeardFrame): DescribedFrame {
  const { number, atUs, line } = captured;
  const about = { number, atUs, line: line.name, from, to };
  const parts = partsOf(content);
  if (parts.frame === undefined) return { ...about, ...parts };
  return { ...about, ...parts, frame: { ...parts.frame, mark: hex(mark ?? 0, 8) } };
}

function partsOf(content: HeardContent): Omit<DescribedFrame, 'number' | 'atUs' | 'line' | 'from' | 'to'> {
  switch (content.kind) {
    case 'refused':
      return { refusal: content.refusal };
    case 'open': {
      const { ask, running, own, peer, next, limits } = content.open;
      const ids = { own: hex(own, 16), peer: hex(peer, 16) };
      return {
        frame: { type: 'open', check: 'good' },
        open: { version: linkVersion, ask, running, ...ids, next, ...limits },
      };
    }
    case 'acknowledgement':
      return {
        frame: { type: 'acknowledgement', check: checkOf(content) },
        acknowledgement: content.records.map(({ priority, next, runs }) => {
          const every = (from: 0 | 1) => runs.filter((_, index) => index % 2 === from);
          return { queue: priority, next, missing: every(0), received: every(1) };
        }),
      };
    case 'data':
      return { frame: frameOf(content), messages: content.messages.map(describeMessage) };
    default:
      return unreachable(content);
  }
}

const checkOf = ({ proven }: { readonly proven: boolean }): string => (proven ? 'good' : 'unproven');

function frameOf(content: HeardData): Readonly<Record<string, Plain>> {
  const { queue, first, last, sequence, payloadBytes, outcome } = content;
  const about = { type: 'data', check: checkOf(content), queue, first, last, sequence, payloadBytes };
  return outcome === 'taken' ? about : { ...about, outcome };
}

function describeMessage(heard: HeardMessage): DescribedMessage {
  const { bytes, counter } = heard;
  const about = { bytes, ...(counter === undefined ? {} : { sealed: counter }) };
  switch (heard.kind) {
    case 'refused':
      return { ...about, refusal: heard.refusal };
    case 'sealed':
      return { ...about, kind: 'sealed', fields: fieldsOf(heard.message), missing: heard.missing };
    case 'message':
      return { ...about, kind: heard.message.kind, fields: fieldsOf(heard.message), ...inflatedOf(heard.message) };
    default:
      return unreachable(heard);
  }
}

/** Nothing of what is not compressed, or is no stream. */
function inflatedOf(message: Message): Pick<DescribedMessage, 'inflatedBytes'> {
  const run = message.kind === 'compressedRun' ? plainRun(message) : undefined;
  return run === undefined ? {} : { inflatedBytes: run.data.length };
}

const definitionsByKind = new Map(definitions.map((each) => [each.kind as string, each]));

/** The fields of a message by name, bytes as hexadecimal digits, refusals by their names. */
export function fieldsOf(message: { readonly kind: string }): Readonly<Record<string, Plain>> {
  const definition = definitionsByKind.get(message.kind);
  assert(definition !== undefined, `${message.kind} is a message of the table`);
  const values = message as unknown as Readonly<Record<string, unknown>>;
  const fields = Object.entries(definition.fields);
  return Object.fromEntries(fields.map(([name, { shape }]) => [name, plain(shape, values[name])]));
}

function plain(shape: Shape, value: unknown): Plain {
  switch (shape.kind) {
    case 'unsigned':
    case 'flag':
    case 'choice':
    case 'text':
      return value as number | boolean | string;
    case 'refusal':
      return refusalName(value as number);
    case 'fixedBytes':
    case 'bytes':
      return Buffer.from(value as Uint8Array).toString('hex');
    case 'group': {
      const values = value as Readonly<Record<string, unknown>>;
      return Object.fromEntries(shape.fields.map(([name, each]) => [name, plain(each, values[name])]));
    }
    case 'list':
      return (value as readonly unknown[]).map((element) => plain(shape.element, element));
    default:
      return unreachable(shape);
  }
}

/** The name of a number of the refusal table; the number itself when this version does not know it. */
const refusalName = (number: number): string | number => (number === 0 ? 'none' : (refusalByNumber(number) ?? number));

const hex = (value: bigint | number, digits: number): string => `0x${value.toString(16).padStart(digits, '0')}`;
