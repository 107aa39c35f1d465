/**
 * A message is declared once; type, encoder, decoder and its row in MESSAGES.md follow from the declaration.
 *
 *     0        2                          n-4        n
 *     +--------+--------------------------+----------+
 *     | tag    | fields, one by one       | check    |     all little-endian
 *     +--------+--------------------------+----------+
 *
 * `check` is the CRC-32 (IEEE 802.3) of everything before it, started from 0x434F4C44 ("COLD") in place of 0, so that
 * no frame's checksum is ever right for a message: it is made where the message is made and verified where it is used.
 */
import { crc32 } from 'node:zlib';
import { asBuffer } from '../as-buffer.js';
import type { Refusal, RefusalCode } from '../refusals.js';
import { type Field, FieldRefusal, type Fields, type FieldValues, type Reader } from './field.js';

/** Which of the link's three queues a message waits in: 0 leaves first. */
export type Priority = 0 | 1 | 2;
export const control: Priority = 0;
export const hostIo: Priority = 1;
export const replication: Priority = 2;

export interface MessageDefinition<Kind extends string, F extends Fields> {
  readonly kind: Kind;
  readonly tag: number;
  readonly priority: Priority;
  /** Who sends it to whom, as it stands in MESSAGES.md. */
  readonly way: string;
  readonly doc: string;
  readonly fields: F;
}

export type MessageOf<D> =
  D extends MessageDefinition<infer Kind, infer F> ? { readonly kind: Kind } & FieldValues<F> : never;

export function message<const Kind extends string, const F extends Fields>(
  definition: MessageDefinition<Kind, F>,
): MessageDefinition<Kind, F> {
  return definition;
}

type AnyDefinition = MessageDefinition<string, Fields>;

/** A definition with its fields in order. */
interface Layout {
  readonly definition: AnyDefinition;
  readonly fields: readonly (readonly [name: string, field: Field<unknown>])[];
}
type AnyMessage = { readonly kind: string } & Readonly<Record<string, unknown>>;
/** What the check of a message starts from, in place of 0: "COLD". */
export const messageCheckSeed = 0x434f4c44;
const tagBytes = 2;
const checkBytes = 4;

/** The codec of a table of messages: looked up by kind to encode, by tag to decode. */
export class MessageCodec {
  readonly #byKind: Map<string, Layout>;
  readonly #byTag: Map<number, Layout>;

  constructor(table: readonly AnyDefinition[]) {
    const layouts = table.map((definition) => ({ definition, fields: Object.entries(definition.fields) }) as Layout);
    this.#byKind = new Map(layouts.map((each) => [each.definition.kind, each]));
    this.#byTag = new Map(layouts.map((each) => [each.definition.tag, each]));
    if (this.#byKind.size !== table.length || this.#byTag.size !== table.length) {
      throw new Error('two messages share a kind or a tag');
    }
  }

  priorityOf(kind: string): Priority {
    return this.#layout(kind).definition.priority;
  }

  /** Throws a RangeError when a field has a value that it cannot carry: the caller's mistake, not the line's. */
  encode(value: AnyMessage): Buffer {
    const { definition, fields } = this.#layout(value.kind);
    let bytes = tagBytes + checkBytes;
    for (const [name, field] of fields) bytes += field.size(value[name]);
    const into = Buffer.allocUnsafe(bytes);
    let at = into.writeUInt16LE(definition.tag, 0);
    for (const [name, field] of fields) at = field.write(into, at, value[name]);
    into.writeUInt32LE(crc32(into.subarray(0, at), messageCheckSeed), at);
    return into;
  }

  decode(
    encoded: Uint8Array,
  ): { readonly ok: true; readonly message: AnyMessage } | { readonly ok: false; readonly refusal: Refusal } {
    const bytes = asBuffer(encoded);
    const end = bytes.length - checkBytes;
    if (end < tagBytes) return refuse('message-truncated', `${bytes.length} bytes are no message`);
    if (crc32(bytes.subarray(0, end), messageCheckSeed) !== bytes.readUInt32LE(end)) {
      return refuse('message-check', `${bytes.length} bytes`);
    }
    const tag = bytes.readUInt16LE(0);
    const layout = this.#byTag.get(tag);
    if (layout === undefined) return refuse('message-tag', `tag 0x${tag.toString(16)}`);
    return decodeFields(layout, { bytes, at: tagBytes, end });
  }

  #layout(kind: string): Layout {
    const layout = this.#byKind.get(kind);
    if (layout === undefined) throw new RangeError(`no message is called ${kind}`);
    return layout;
  }
}

function decodeFields({ definition, fields }: Layout, from: Reader): ReturnType<MessageCodec['decode']> {
  const decoded: Record<string, unknown> = { kind: definition.kind };
  try {
    for (const [name, field] of fields) decoded[name] = field.read(from);
  } catch (error) {
    if (error instanceof FieldRefusal) return refuse(error.code, `${definition.kind}: ${error.message}`);
    throw error;
  }
  if (from.at !== from.end) return refuse('message-trailing', `${definition.kind}: ${from.end - from.at} bytes`);
  return { ok: true, message: decoded as AnyMessage };
}

function refuse(code: RefusalCode, detail: string): { readonly ok: false; readonly refusal: Refusal } {
  return { ok: false, refusal: { code, detail } };
}
