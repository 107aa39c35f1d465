/**
 * Every message of the protocol. Tags are explicit and never reused; MESSAGES.md is generated from these tables.
 */
import type { Refusal } from '../refusals.js';
import { instructionMessages } from './instruction-messages.js';
import { MessageCodec, type MessageOf, type Priority } from './message.js';
import { replicationMessages } from './replication-messages.js';
import { scsiMessages } from './scsi-messages.js';
import { sessionMessages } from './session-messages.js';

export { dataBytesMax, digestBytes, messageBytesMax, protocolVersion } from './vocabulary.js';

export const definitions = [
  ...sessionMessages,
  ...scsiMessages,
  ...instructionMessages,
  ...replicationMessages,
] as const;

/** Any message, discriminated on `kind`. */
export type Message = MessageOf<(typeof definitions)[number]>;
export type MessageKind = Message['kind'];
/** One message by its kind. */
export type MessageNamed<Kind extends MessageKind> = Extract<Message, { readonly kind: Kind }>;

const codec = new MessageCodec(definitions);

/** Encodes a message; throws a RangeError when a field has a value that it cannot carry. */
export const encodeMessage = (value: Message): Buffer => codec.encode(value);

/** Decodes a message, or says why not. Byte fields of the result are views of `encoded`. */
export const decodeMessage = (encoded: Uint8Array) => codec.decode(encoded) as Decoded;
export type Decoded =
  | { readonly ok: true; readonly message: Message }
  | { readonly ok: false; readonly refusal: Refusal };

/** The queue of the link that a kind of message waits in, unless its sender says otherwise. */
export const priorityOf = (kind: MessageKind): Priority => codec.priorityOf(kind);
