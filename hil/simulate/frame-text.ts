/** What a frame on a line carries, in a word or two, as far as it can be seen from outside. */
import { decodeFrame, markOf } from '../../protocol/frame/frame.js';
import { decodeMessage, definitions, type Message } from '../../protocol/message/messages.js';

const kinds = new Map<number, string>(definitions.map(({ tag, kind }) => [tag, kind]));

/** `encoded` ends with its delimiter. Undefined for frames of the link alone, and for all of a message but its beginning. */
export function frameText(encoded: Uint8Array): string | undefined {
  const bytes = encoded.subarray(0, -1);
  const mark = markOf(bytes);
  const decoded = mark === undefined ? undefined : decodeFrame(bytes, mark);
  if (decoded?.ok !== true || decoded.frame.kind !== 'data' || !decoded.frame.first) return undefined;
  const { payload, last } = decoded.frame;
  if (!last) return kinds.get(Buffer.from(payload).readUInt16LE(0)) ?? `${payload.length} bytes`;
  const found = decodeMessage(payload);
  return found.ok ? messageText(found.message) : `${payload.length} bytes`;
}

/** Its kind, and the blocks or the generation that it is about. */
function messageText(message: Message): string {
  const { kind } = message;
  if ('first' in message && 'count' in message) return `${kind} ${message.first}+${message.count}`;
  return 'generation' in message ? `${kind} ${message.generation}` : kind;
}
