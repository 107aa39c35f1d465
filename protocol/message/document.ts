/**
 * MESSAGES.md, generated from the message table: what it says is what encoder and decoder do.
 */
import { refusals } from '../refusals.js';
import type { Fields } from './field.js';
import type { MessageDefinition } from './message.js';
import { definitions, protocolVersion } from './messages.js';

const introduction = `# Messages, version ${protocolVersion}

Generated from \`message/messages.ts\` by \`npm run documents\`; do not edit. [PROTOCOL.md](PROTOCOL.md) says how messages
travel and when they are sent; [vectors.json](vectors.json) has golden bytes of every kind.

    0        2                          n-4        n
    +--------+--------------------------+----------+
    | tag    | fields, one by one       | check    |     all little-endian, without padding
    +--------+--------------------------+----------+

\`check\` is the CRC-32 of IEEE 802.3 over everything before it, started from 0x434F4C44 in place of 0: in the terms of zlib
\`crc32(0x434F4C44, bytes)\`, that is with a register that starts at 0xBCB0B3BB and is inverted at the end. A decoder refuses, in this order: fewer bytes than tag and check (\`message-truncated\`), a wrong check
(\`message-check\`), an unknown tag (\`message-tag\`), fields that pass the end (\`message-truncated\`), a value that is not
allowed (\`message-value\`), bytes after the last field (\`message-trailing\`).
`;

const types = [
  ['type', 'on the line'],
  ['u8, u16, u32, u64', 'unsigned integer of 1, 2, 4, 8 bytes; a u64 is at most 2^53 − 1'],
  ['flag', 'u8, 0 or 1'],
  ['bytes[n]', 'n bytes'],
  ['bytes≤n', 'u32 length, at most n, then so many bytes'],
  ['text≤n', 'u16 length in bytes, at most n, then so many bytes of UTF-8'],
  ['list≤n of t', 'u32 count, at most n, then so many t'],
  ['{a: t, b: t}', 'the fields named, one after the other'],
] as const;

const queues = `A queue is one of the link's three: 0 control, 1 host I/O, 2 replication.
`;

/** The text of MESSAGES.md. */
export function messagesDocument(): string {
  return [introduction, table(types), queues, overview(), ...definitions.map(section), refusalTable()].join('\n');
}

function overview(): string {
  const rows = definitions.map(({ kind, tag, priority, way }) => {
    return [hex(tag), `[${kind}](#${kind.toLowerCase()})`, `${priority}`, way];
  });
  return `## All messages\n\n${table([['tag', 'message', 'queue', 'way'], ...rows])}`;
}

function section({ kind, tag, priority, way, doc, fields }: MessageDefinition<string, Fields>): string {
  const rows = Object.entries(fields).map(([name, field]) => [name, field.type, field.doc]);
  const heading = `## ${kind}\n\nTag ${hex(tag)}, queue ${priority}, ${way}. ${doc}\n`;
  return `${heading}\n${table([['field', 'type', 'meaning'], ...rows])}`;
}

function refusalTable(): string {
  const rows = Object.entries(refusals).map(([name, { number, meaning, remedy }]) => [
    `${number}`,
    name,
    meaning,
    remedy,
  ]);
  const heading = '## Refusal numbers\n\nAppend-only; those from 112 on cross a line only from a halted controller.\n';
  return `${heading}\n${table([['number', 'name', 'meaning', 'what to do'], ...rows])}`.trimEnd().concat('\n');
}

/** A table in Markdown, its columns aligned; the first row is the heading. */
export function table(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map((text) => text.replaceAll('|', '\\|')));
  const widths = (cells[0] ?? []).map((_, column) => Math.max(3, ...cells.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[], filler: string): string => {
    const padded = widths.map((width, column) => (row[column] ?? '').padEnd(width, filler));
    return `| ${padded.join(' | ')} |`;
  };
  const [heading = [], ...body] = cells;
  return [line(heading, ' '), line([], '-'), ...body.map((row) => line(row, ' ')), ''].join('\n');
}

const hex = (tag: number): string => `0x${tag.toString(16).padStart(4, '0')}`;
