/** What controllers that do wrong with each other have in common. */
import { strayMessage, withMessageCheck } from '../../hil/conform/stray.js';
import { decodeMessage, type Message, type MessageKind, type MessageNamed } from '../../protocol/message/messages.js';
import type { DataFrame, DiskEffect, Tampering } from './tampering.js';

type Way = 'messageOut' | 'messageIn';

/** Changes messages of one kind that pass this way. */
export function changing<Kind extends MessageKind>(
  way: Way,
  kind: Kind,
  change: (message: MessageNamed<Kind>) => Message,
): Tampering {
  return {
    [way]: (message: Message) => (message.kind === kind ? change(message as MessageNamed<Kind>) : message),
  };
}

/** Takes messages of some kind away: another one that nobody knows stands in their place. */
export function without(way: 'dataOut' | 'dataIn', isMeant: (message: Message) => boolean): Tampering {
  return {
    [way]: (frame: DataFrame) => {
      const decoded = frame.first && frame.last ? decodeMessage(frame.payload) : undefined;
      const isIt = decoded?.ok === true && isMeant(decoded.message);
      return isIt ? { ...frame, payload: strayMessage(frame.payload.length) } : frame;
    },
  };
}

export const isKind =
  (kind: MessageKind) =>
  (message: Message): boolean =>
    message.kind === kind;

/** Nothing is flushed on this disk once `since` has passed, until `until` has. */
export function unflushed(
  disk: DiskEffect['disk'],
  since: (message: Message) => boolean = () => true,
  until: (message: Message) => boolean = () => false,
): Tampering {
  let isOff = false;
  const see = (message: Message) => {
    isOff = (isOff || since(message)) && !until(message);
    return message;
  };
  return {
    messageIn: see,
    messageOut: see,
    diskCommand: (effect) => {
      const { command } = effect;
      if (!isOff || effect.disk !== disk) return effect;
      if (command.op === 'synchronizeCache') return { ...effect, command: { op: 'verify', lba: 0, sectors: 0 } };
      return command.op === 'write' ? { ...effect, command: { ...command, fua: false } } : effect;
    },
  };
}

const past = 2 ** 31;
/** Brings a number that is too high back into its range: `at` is its place in messages of this tag. */
export function inRange(tag: number, at: number, to: number): Tampering {
  return {
    dataIn: (frame) => {
      const isIt = frame.first && frame.last && Buffer.from(frame.payload).readUInt16LE(0) === tag;
      if (!isIt || Buffer.from(frame.payload).readUInt32LE(at) < past) return frame;
      const payload = Buffer.from(frame.payload);
      payload.writeUInt32LE(to, at);
      return { ...frame, payload: withMessageCheck(payload) };
    },
  };
}

export const flip = (digest: Uint8Array): Uint8Array => digest.map((byte) => byte ^ 0xff);

/** What else fails where no image comes to its end, or another than it should. */
export const images = { may: ['R', 'G', 'I-14', 'I-15'] } as const;
