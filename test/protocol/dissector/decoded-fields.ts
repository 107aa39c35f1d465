/** What `coldframe decode` tells of a frame, in the names and the spelling of the dissector. */
import { type DescribedFrame, describe, type Plain } from '../../../hil/capture/describe.js';
import type { HeardFrame } from '../../../hil/capture/listen/heard.js';
import { definitions } from '../../../protocol/message/messages.js';
import type { Shape } from '../../../protocol/message/shape.js';
import { refusals } from '../../../protocol/refusals.js';
import type { Fields } from './tshark.js';

type Put = (name: string, value: string) => void;

export function decodedFields(heard: HeardFrame): Fields {
  const fields = new Map<string, string[]>();
  const put: Put = (name, value) => {
    fields.set(`coldframe.${name}`, [...(fields.get(`coldframe.${name}`) ?? []), value]);
  };
  putFrame(describe(heard), put);
  return fields;
}

function putFrame({ frame, open, acknowledgement, messages, refusal }: DescribedFrame, put: Put): void {
  if (refusal !== undefined) put('refusal', refusal.code);
  if (frame !== undefined) putPlain('frame', frame, put);
  if (open !== undefined) putPlain('open', open, put);
  if (acknowledgement !== undefined) putPlain('acknowledgement', acknowledgement, put);
  for (const { bytes, kind, fields, refusal: why } of messages ?? []) {
    put('message.bytes', String(bytes));
    if (why !== undefined) put('refusal', why.code);
    if (kind === undefined) continue;
    put('message.kind', kind);
    const definition = definitions.find((each) => each.kind === kind);
    for (const [name, { shape }] of Object.entries(definition?.fields ?? {})) {
      putShaped(`${kind}.${name}`, shape, fields?.[name] ?? '', put);
    }
  }
}

function putPlain(path: string, value: Plain, put: Put): void {
  if (Array.isArray(value)) for (const each of value) putPlain(path, each, put);
  else if (typeof value === 'object')
    for (const [name, each] of Object.entries(value)) putPlain(`${path}.${name}`, each, put);
  else put(path, typeof value === 'boolean' ? flagText(value) : String(value));
}

function putShaped(path: string, shape: Shape, value: Plain, put: Put): void {
  if (shape.kind === 'list') for (const each of value as readonly Plain[]) putShaped(path, shape.element, each, put);
  else if (shape.kind === 'group') {
    const values = value as Readonly<Record<string, Plain>>;
    for (const [name, each] of shape.fields) putShaped(`${path}.${name}`, each, values[name] ?? '', put);
  } else put(path, textOf(shape, value));
}

/** Names stand as numbers in JSON of tshark, bytes with colons, flags as 1 and 0. */
function textOf(shape: Shape, value: Plain): string {
  if (shape.kind === 'flag') return flagText(value as boolean);
  if (shape.kind === 'choice') return String(shape.numbers[value as string]);
  if (shape.kind === 'refusal') return value === 'none' ? '0' : String(numberOf(value));
  if (shape.kind === 'bytes' || shape.kind === 'fixedBytes') return (value as string).replace(/..(?=.)/g, '$&:');
  return String(value);
}

const flagText = (flag: boolean): string => (flag ? '1' : '0');
const numberOf = (code: Plain): Plain => refusals[code as keyof typeof refusals]?.number ?? code;
