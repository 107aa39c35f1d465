/** Subs that show another image than the committed one, or take what is none of theirs, and the numbers of that. */
import type { Message, MessageNamed } from '../../protocol/message/messages.js';
import { images, isKind, unflushed } from './replication-tampering.js';
import { type Book, showing } from './shown-blocks.js';
import type { Tampering } from './tampering.js';
import type { Wrong } from './wrong.js';

const sub = { role: 'sub', at: 'remote' } as const;
const isZero = (block: Uint8Array): boolean => block.every((byte) => byte === 0);

/** Blocks as they were before the image that is being received. */
function before({ staged, placed }: Book, isMeant: (block: Uint8Array) => boolean = () => true) {
  const kept = [...staged].filter(([, data]) => isMeant(data));
  return new Map(kept.map(([block]) => [block, placed.get(block) ?? new Uint8Array(512)]));
}

/** Says first that an image is structured, and then that it is committed. */
function structuredFirst(): Tampering {
  let told: MessageNamed<'committed'> | undefined;
  return {
    messageOut: (message) => {
      if (message.kind === 'committed' && told === undefined) {
        told = message;
        return { kind: 'structured', generation: message.generation };
      }
      if (message.kind !== 'structured' || told?.generation !== message.generation) return message;
      const late = told;
      told = undefined;
      return late;
    },
  };
}

/** Takes what main says of pair or epoch for what it has itself. */
function believing(kind: 'pairing' | 'begin', name: 'pair' | 'epoch'): Tampering {
  let own: MessageNamed<'pairing'> | undefined;
  return {
    messageOut: (message) => {
      if (message.kind === 'pairing' && message.pair.some((byte) => byte !== 0)) {
        own = { ...message, pair: Uint8Array.from(message.pair) };
      }
      return message;
    },
    messageIn: (message) => {
      const isMeant = message.kind === kind && own !== undefined;
      return isMeant ? ({ ...message, [name]: own?.[name] } as Message) : message;
    },
  };
}

/** Nothing of the records is flushed from a takeover on, until the sub asks to give back. */
function forgottenTakeover(): Tampering {
  const unsafe = unflushed('meta', isKind('takeover'), isKind('failbackAsk'));
  return { ...unsafe, atHost: { messageIn: unsafe.messageIn as NonNullable<Tampering['messageIn']> } };
}

/** Nor once main has structured what it is given back, where no host has written since the takeover. */
function forgottenGivingBack(): Tampering {
  let isUnwritten = false;
  const isBack = (message: Message) => isUnwritten && message.kind === 'structured';
  return {
    ...unflushed('meta', isBack, isKind('pairing')),
    atHost: {
      messageIn: (message) => {
        if (message.kind === 'takeover') isUnwritten = true;
        if (message.kind === 'dataOut') isUnwritten = false;
        return message;
      },
    },
  };
}

export const wrongImages: readonly Wrong[] = [
  {
    ...sub,
    name: 'shows a host what is only staged',
    fails: ['R-29'],
    tamper: () =>
      showing({
        staged: (book) => {
          book.shown = new Map(book.staged);
        },
        takeover: (book) => {
          book.shown = new Map();
        },
      }),
  },
  {
    ...sub,
    name: 'reads past its staging right after a commit',
    fails: ['R-29'],
    // Whatever is read first after a commit.
    ...images,
    tamper: () =>
      showing({
        committed: (book) => {
          book.shown = before(book);
        },
        read: (book) => {
          book.shown = new Map();
        },
      }),
  },
  {
    ...sub,
    name: 'keeps the blocks that a full image does not send',
    fails: ['R-30'],
    tamper: () =>
      showing({
        committed: (book) => {
          if (book.isFull) book.shown = new Map([...book.placed].filter(([block]) => !book.staged.has(block)));
        },
      }),
  },
  {
    ...sub,
    name: 'writes no zeros',
    fails: ['R-31'],
    ...images,
    tamper: () =>
      showing({
        committed: (book) => {
          book.shown = before(book, isZero);
        },
      }),
  },
  { ...sub, name: 'says that an image is structured before it is committed', fails: ['R-31'], tamper: structuredFirst },
  { ...sub, name: 'takes a generation again that was given up', fails: ['R-10'], tamper: givenUpAgain },
  { ...sub, name: 'takes images of any epoch', fails: ['R-32'], tamper: () => believing('begin', 'epoch') },
  { ...sub, name: 'takes images of any pair', fails: ['R-33'], tamper: () => believing('pairing', 'pair') },
  {
    ...sub,
    name: 'forgets in a power cut that it has given back',
    fails: ['R-34'],
    tamper: forgottenGivingBack,
  },
  {
    ...sub,
    name: 'mixes what is staged into the image that it takes over',
    fails: ['R-35'],
    tamper: () =>
      showing({
        takeover: (book) => {
          book.shown = new Map(book.staged);
        },
      }),
  },
  { ...sub, name: 'forgets a takeover in a power cut', fails: ['I-12'], ...images, tamper: forgottenTakeover },
  {
    ...sub,
    name: 'takes over from a main that is healthy',
    fails: ['I-14'],
    tamper: () => ({
      atHost: { messageIn: (message) => (message.kind === 'takeover' ? { ...message, force: true } : message) },
    }),
  },
  {
    ...sub,
    name: 'answers a wait for what is not committed at once',
    fails: ['I-13'],
    tamper: waitedAtOnce,
  },
];

/** Takes a generation that main has given up for the next one, and says so of none. */
function givenUpAgain(): Tampering {
  let givenUp = 0;
  const renamed = (of: number) => of + 500_000;
  return {
    messageIn: (message) => {
      if (message.kind === 'abandon') givenUp = message.generation;
      const isAgain = (message.kind === 'begin' || message.kind === 'blockRun') && message.generation === givenUp;
      return isAgain ? ({ ...message, generation: renamed(message.generation) } as Message) : message;
    },
    messageOut: (message) =>
      message.kind === 'stored' && message.generation === renamed(givenUp)
        ? { ...message, generation: givenUp as typeof message.generation }
        : message,
  };
}

/** Takes each wait for one for the first generation, which was committed long ago. */
function waitedAtOnce(): Tampering {
  const asked = new Map<number, MessageNamed<'wait'>['generation']>();
  return {
    atHost: {
      messageIn: (message) => {
        if (message.kind !== 'wait' || message.generation === 0) return message;
        asked.set(message.request, message.generation);
        return { ...message, generation: 1 as typeof message.generation };
      },
      messageOut: (message) =>
        message.kind === 'waited'
          ? { ...message, generation: asked.get(message.request) ?? message.generation }
          : message,
    },
  };
}
