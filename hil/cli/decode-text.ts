/** What was heard on a line, in lines for people: one for each message, open and refused frame. */
import type { DescribedFrame, DescribedMessage, Plain } from '../capture/describe.js';
import { counted } from '../report/quantity.js';

export interface DecodeTextOptions {
  /** Times count from the beginning of a run in virtual time. */
  readonly virtualTime: boolean;
  /** Also frames that complete no message, and acknowledgements. */
  readonly allFrames: boolean;
}

/** Bytes and elements that are printed of a field; --json has all. */
const bytesMax = 16;
const elementsMax = 8;

/** The lines of one frame, without line ends; none when there is nothing to tell. */
export function decodeLines(frame: DescribedFrame, { virtualTime, allFrames }: DecodeTextOptions): string[] {
  const { atUs, line, from, to } = frame;
  const time = virtualTime ? (atUs / 1e6).toFixed(6).padStart(12) : timeOfDay(atUs);
  return sentences(frame, allFrames).map((text) => printable(`${time}  ${line}  ${from} > ${to}  ${text}`));
}

function sentences({ frame, open, acknowledgement, messages, refusal }: DescribedFrame, allFrames: boolean): string[] {
  if (refusal !== undefined) return [`refused ${refusal.code} (${refusal.detail})`];
  if (open !== undefined) return [`open ${fieldsText(open)}`];
  const said = (messages ?? []).map(messageText);
  if (!allFrames) return said;
  if (acknowledgement !== undefined) return acknowledgement.map((record) => `acknowledgement ${fieldsText(record)}`);
  return [`frame ${fieldsText(frame ?? {})}`, ...said];
}

function messageText({ bytes, sealed, kind, fields, inflatedBytes, refusal, missing }: DescribedMessage): string {
  const counter = sealed === undefined ? '' : ` (sealed ${sealed})`;
  if (refusal !== undefined) return `refused ${refusal.code} (${refusal.detail})${counter}`;
  if (missing !== undefined) return `sealed, ${counted(bytes, 'byte')}: the ${missing} is missing${counter}`;
  const inflated = inflatedBytes === undefined ? '' : ` (${counted(inflatedBytes, 'byte')} inflated)`;
  return `${kind}${counter} ${fieldsText(fields ?? {})}`.trimEnd() + inflated;
}

/** Fields by name: `request=2 token=…`. */
export function fieldsText(fields: Readonly<Record<string, Plain>>): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${valueText(value)}`)
    .join(' ');
}

/** A value, shortened where it is long. */
export function valueText(value: Plain): string {
  if (typeof value === 'string') return stringText(value);
  if (typeof value !== 'object') return String(value);
  if (!Array.isArray(value)) return `{${fieldsText(value as Readonly<Record<string, Plain>>)}}`;
  const shown = value.slice(0, elementsMax).map(valueText);
  return `[${[...shown, ...(value.length > elementsMax ? [`… ${value.length} in all`] : [])].join(' ')}]`;
}

/** Words stand as they are; long bytes are cut; text of the other side is quoted. */
function stringText(text: string): string {
  const isLong = text.length > 2 * bytesMax && /^([0-9a-f]{2})+$/.test(text);
  if (isLong && text.length > 64) return `${text.slice(0, 2 * bytesMax)}…[${text.length / 2}]`;
  return /^[\w-]+$/.test(text) ? text : JSON.stringify(text);
}

const timeOfDay = (atUs: number): string => {
  const date = new Date(Math.floor(atUs / 1000)).toISOString().slice(0, -1);
  return `${date}${String(atUs % 1000).padStart(3, '0')}Z`;
};

/** Text from a line must not steer the terminal. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ');
}
