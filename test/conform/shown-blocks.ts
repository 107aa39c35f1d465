/** Somebody who shows hosts other blocks than the sub gives, of 512 bytes each, and knows what was sent of each image. */
import { crc32 } from 'node:zlib';
import type { Message, MessageNamed } from '../../protocol/message/messages.js';
import type { Tampering } from './tampering.js';

const sector = 512;
const readOpcodes: Readonly<Record<number, (cdb: Buffer) => number>> = {
  40: (cdb) => cdb.readUInt32BE(2),
  136: (cdb) => Number(cdb.readBigUInt64BE(2)),
  168: (cdb) => cdb.readUInt32BE(2),
};

export type Blocks = Map<number, Uint8Array>;

/** What is known of the images when one of the events below happens. */
export interface Book {
  /** What was sent of the image that is being received. */
  staged: Blocks;
  /** What lies in the blocks that were ever sent. */
  readonly placed: Blocks;
  /** The image that is being received is a whole one. */
  isFull: boolean;
  /** What hosts are shown in place of what there is. */
  shown: Blocks;
}

export interface Events {
  readonly staged?: (book: Book) => void;
  readonly committed?: (book: Book) => void;
  readonly read?: (book: Book) => void;
  readonly takeover?: (book: Book) => void;
}

/** Keeps the book; `events` say what is shown from when on. */
export function showing(events: Events): Tampering {
  const book: Book = { staged: new Map(), placed: new Map(), isFull: false, shown: new Map() };
  let receiving = 0;
  const take = (message: Message): Message => {
    if (message.kind === 'begin' && message.generation !== receiving) {
      receiving = message.generation;
      Object.assign(book, { staged: new Map(), isFull: message.full });
    } else if (message.kind === 'blockRun') note(book, message.first, message.data);
    else if (message.kind === 'zeroRun') note(book, message.first, Buffer.alloc(message.count * sector));
    if (message.kind === 'blockRun' || message.kind === 'zeroRun') events.staged?.(book);
    return message;
  };
  const give = (message: Message): Message => {
    if (message.kind !== 'committed' || message.generation !== receiving) return message;
    receiving = 0;
    book.shown = new Map();
    events.committed?.(book);
    for (const [block, data] of book.staged) book.placed.set(block, data);
    book.staged = new Map();
    return message;
  };
  return { messageIn: take, messageOut: give, atHost: reading(book, events) };
}

function note({ staged }: Book, first: number, data: Uint8Array): void {
  for (let at = 0; at < data.length; at += sector) {
    staged.set(first + at / sector, Uint8Array.from(data.subarray(at, at + sector)));
  }
}

/** The host's end: data in is changed, and its check. */
function reading(book: Book, events: Events): Tampering {
  const reads = new Map<number, { readonly lba: number; readonly parts: Buffer[] }>();
  return {
    messageIn: (message) => {
      if (message.kind === 'takeover') events.takeover?.(book);
      if (message.kind !== 'command') return message;
      const cdb = Buffer.from(message.cdb);
      const lba = readOpcodes[cdb[0] ?? 0]?.(cdb);
      if (lba !== undefined) reads.set(message.tag, { lba, parts: [] });
      return message;
    },
    messageOut: (message) => {
      const read = 'tag' in message ? reads.get(message.tag) : undefined;
      if (read === undefined) return message;
      if (message.kind === 'dataIn') return changedData(book, message, read);
      if (message.kind !== 'response') return message;
      reads.delete(message.tag);
      if (read.parts.length === 0) return message;
      events.read?.(book);
      return { ...message, dataCheck: crc32(Buffer.concat(read.parts)) };
    },
  };
}

function changedData(
  { shown }: Book,
  message: MessageNamed<'dataIn'>,
  { lba, parts }: { readonly lba: number; readonly parts: Buffer[] },
): Message {
  const data = Buffer.from(message.data);
  for (let at = 0; at < data.length; at += sector) {
    const block = shown.get(lba + (message.offset + at) / sector);
    if (block !== undefined) data.set(block, at);
  }
  parts.push(data);
  return { ...message, data };
}
