/** A frame of the line in words: for what a check that failed has to show. */
import { decodeFrame, type Frame } from '../../protocol/frame/frame.js';
import { unreachable } from '../../protocol/ids.js';
import { decodeAcknowledgement } from '../../protocol/link/acknowledgement.js';
import { decodeOpen } from '../../protocol/link/open-frame.js';
import { decodeMessage, definitions } from '../../protocol/message/messages.js';

const kinds = new Map<number, string>(definitions.map(({ tag, kind }) => [tag, kind]));

/** What an encoded frame, without its delimiter, says to somebody who knows the mark. */
export function frameWords(encoded: Uint8Array, mark: number): string {
  const decoded = decodeFrame(encoded, mark);
  return decoded.ok ? wordsOf(decoded.frame) : `no frame: ${decoded.refusal.code}`;
}

function wordsOf(frame: Frame): string {
  switch (frame.kind) {
    case 'open':
      return openWords(frame.payload);
    case 'acknowledgement':
      return acknowledgementWords(frame.payload);
    case 'data':
      return dataWords(frame);
    default:
      return unreachable(frame);
  }
}

function openWords(payload: Uint8Array): string {
  const decoded = decodeOpen(payload);
  if (!decoded.ok) return `open that is not one: ${decoded.refusal.code}, ${decoded.refusal.detail}`;
  const { ask, running, own, peer, next, limits } = decoded.open;
  const flags = `${ask ? ', ask' : ''}${running ? ', running' : ''}`;
  const { windowUnits, payloadUnitsMax, messageBytesMax } = limits;
  return `open own ${own.toString(16)} peer ${peer.toString(16)}${flags}, next ${next.join(' ')}, window ${windowUnits}, payload ${payloadUnitsMax}, message ${messageBytesMax}`;
}

function acknowledgementWords(payload: Uint8Array): string {
  const records = decodeAcknowledgement(payload);
  if (records === undefined) return 'acknowledgement that is not well formed';
  const texts = records.map(({ priority, next, runs }) => {
    const rest = runs.length === 0 ? '' : `, then missing and received in turn: ${runs.join(' ')}`;
    return `queue ${priority} next ${next}${rest}`;
  });
  return `acknowledgement: ${texts.join('; ')}`;
}

function dataWords({ priority, first, last, sequence, payload }: Extract<Frame, { kind: 'data' }>): string {
  const flags = `${first ? ', first' : ''}${last ? ', last' : ''}`;
  return `data queue ${priority} unit ${sequence}${flags}, ${payload.length} bytes${contentWords(payload, first, last)}`;
}

function contentWords(payload: Uint8Array, first: boolean, last: boolean): string {
  if (!first) return '';
  if (last) {
    const decoded = decodeMessage(payload);
    if (decoded.ok) return `: ${messageWords(decoded.message)}`;
  }
  const tag = payload.length < 2 ? undefined : Buffer.from(payload).readUInt16LE(0);
  const kind = tag === undefined ? undefined : kinds.get(tag);
  return kind === undefined ? '' : `: begins ${kind}`;
}

/** The longest value of a field that is shown whole, in bytes. */
const shownBytesMax = 40;

/** A message with its fields, long ones cut. */
export function messageWords(message: { readonly kind: string }): string {
  const { kind, ...fields } = message;
  const texts = Object.entries(fields).map(([name, value]) => `${name} ${valueWords(value)}`);
  return texts.length === 0 ? kind : `${kind} {${texts.join(', ')}}`;
}

function valueWords(value: unknown): string {
  if (value instanceof Uint8Array) return hexWords(value, shownBytesMax);
  if (Array.isArray(value)) return `[${value.slice(0, 8).map(valueWords).join(' ')}${value.length > 8 ? ' …' : ''}]`;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Bytes in hexadecimal, cut where they are many. */
export function hexWords(bytes: Uint8Array, bytesMax: number): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, bytesMax)).toString('hex');
  return bytes.length > bytesMax ? `${text}… (${bytes.length} bytes)` : text;
}
