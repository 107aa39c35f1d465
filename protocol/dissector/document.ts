/**
 * The dissector for Wireshark, generated: the message table and the refusals as tables of Lua, then the parts that are
 * written by hand. One file, so that it can be copied into Wireshark's folder of plugins.
 */
import { unreachable } from '../ids.js';
import { linkMessageBytesMax } from '../limits.js';
import type { Fields } from '../message/field.js';
import { messageCheckSeed } from '../message/message.js';
import { definitions, protocolVersion } from '../message/messages.js';
import type { Shape } from '../message/shape.js';
import { roleField } from '../message/vocabulary.js';
import { refusals } from '../refusals.js';

/** The parts that are written by hand, in this order. */
export const dissectorParts = ['1-bytes', '2-listen', '3-frames', '4-messages', '5-tree'] as const;

const introduction = `-- The dissector of Coldframe's line protocol, version ${protocolVersion}, for Wireshark and tshark (docs/captures.md).
-- Generated from message/messages.ts and dissector/*.lua by \`npm run documents\`; do not edit.`;

/** The text of coldframe.lua; \`parts\` are the texts of the parts. */
export function dissectorDocument(parts: readonly string[]): string {
  return [introduction, tables(), ...parts.map((part) => part.trimEnd()), ''].join('\n\n');
}

function tables(): string {
  const helloTag = definitions.find(({ kind }) => kind === 'hello')?.tag;
  const messages = definitions.map(
    ({ kind, tag, fields }) => `  [${tag}] = { kind = ${text(kind)}, fields = {\n${fieldLines(fields)}\n  } },`,
  );
  const codes = Object.entries(refusals);
  return [
    `local messageSeed = ${messageCheckSeed}`,
    `local linkMessageBytesMax = ${linkMessageBytesMax}`,
    `local helloTag = ${helloTag}`,
    `local roles = ${roleField.shape.kind === 'choice' ? namesOf(roleField.shape.numbers) : '{}'}`,
    `local refusals = {\n  [0] = "none",\n${codes.map(([code, { number }]) => `  [${number}] = ${text(code)},`).join('\n')}\n}`,
    `local meanings = {\n${codes.map(([code, { meaning }]) => `  [${text(code)}] = ${text(meaning)},`).join('\n')}\n}`,
    `local messages = {\n${messages.join('\n')}\n}`,
  ].join('\n');
}

function fieldLines(fields: Fields): string {
  return Object.entries(fields)
    .map(([name, { shape, doc }]) => `    ${fieldOf(name, shape, doc)},`)
    .join('\n');
}

function fieldOf(name: string, shape: Shape, doc: string): string {
  return `{ name = ${text(name)}, ${shapeOf(shape)}, doc = ${text(doc)} }`;
}

/** A shape as the inside of a table of Lua. */
function shapeOf(shape: Shape): string {
  const kind = `kind = ${text(shape.kind)}`;
  switch (shape.kind) {
    case 'flag':
    case 'refusal':
      return kind;
    case 'unsigned':
      return `${kind}, bytes = ${shape.bytes}`;
    case 'choice':
      return `${kind}, names = ${namesOf(shape.numbers)}`;
    case 'fixedBytes':
      return `${kind}, length = ${shape.length}`;
    case 'bytes':
    case 'text':
      return `${kind}, max = ${shape.lengthMax}`;
    case 'group':
      return `${kind}, fields = { ${shape.fields.map(([name, each]) => fieldOf(name, each, '')).join(', ')} }`;
    case 'list':
      return `${kind}, max = ${shape.countMax}, element = { ${shapeOf(shape.element)} }`;
    default:
      return unreachable(shape);
  }
}

function namesOf(numbers: Readonly<Record<string, number>>): string {
  return `{ ${Object.entries(numbers)
    .map(([name, number]) => `[${number}] = ${text(name)}`)
    .join(', ')} }`;
}

/** A string of Lua. */
function text(value: string): string {
  return `"${value.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n')}"`;
}
