/** Devices that do wrong with sessions and messages, and the numbers at which the suite has to find them out. */

import { strayMessage, withMessageCheck } from '../../hil/conform/stray.js';
import { encodeFrame } from '../../protocol/frame/frame.js';
import { decodeMessage, type Message, type MessageNamed } from '../../protocol/message/messages.js';
import { refusals } from '../../protocol/refusals.js';
import { Opener, Sealer, sessionKey } from '../../protocol/session/seal.js';
import type { Tampering } from './tampering.js';
import { anything, type Wrong, wrongKey } from './wrong.js';

/** Changes hellos that arrive. */
const hellosIn = (change: (hello: MessageNamed<'hello'>) => Message): Tampering => ({
  messageIn: (message) => (message.kind === 'hello' ? change(message) : message),
});
const hellosOut = (change: (hello: MessageNamed<'hello'>) => Message): Tampering => ({
  messageOut: (message) => (message.kind === 'hello' ? change(message) : message),
});
const refusedOut = (change: (refused: MessageNamed<'refused'>) => Message): Tampering => ({
  messageOut: (message) => (message.kind === 'refused' ? change(message) : message),
});

/** Changes whole messages that arrive in one fragment and are not in order. */
const brokenIn = (change: (payload: Buffer, code: string) => Buffer): Tampering => ({
  dataIn: (frame) => {
    const decoded = frame.first && frame.last ? decodeMessage(frame.payload) : undefined;
    if (decoded === undefined || decoded.ok) return frame;
    return { ...frame, payload: change(Buffer.from(frame.payload), decoded.refusal.code) };
  },
});

export const wrongSessions: readonly Wrong[] = [
  {
    name: 'has the same salt for ever',
    fails: ['S-2'],
    tamper: () => hellosOut((hello) => ({ ...hello, salt: Buffer.alloc(32, 7) })),
  },
  {
    name: 'sets a capability that there is not',
    fails: ['S-2'],
    tamper: () => hellosOut((hello) => ({ ...hello, capabilities: 9 })),
  },
  {
    name: 'forgets its session when a line is resumed',
    fails: ['S-1'],
    tamper: () => {
      const running = new Set<bigint>();
      const forgotten = new Set<number>();
      return {
        openIn: (open, { markIn }) => {
          if (open.running) running.add(open.own);
          else if (open.peer !== 0n && running.has(open.own)) forgotten.add(markIn);
          return open;
        },
        dataIn: (frame, { markIn }) => (frame.priority === 0 && forgotten.has(markIn) ? undefined : frame),
      };
    },
  },
  { name: 'takes any version', fails: ['S-3', 'S-6'], tamper: () => hellosIn((hello) => ({ ...hello, version: 1 })) },
  {
    name: 'takes any role',
    fails: ['S-4', 'S-6', 'S-7'],
    tamper: () => hellosIn((hello) => ({ ...hello, role: 'host' })),
  },
  {
    name: 'does not mind who has a key',
    fails: ['S-5'],
    tamper: () => hellosIn((hello) => ({ ...hello, keyed: false })),
  },
  {
    name: 'looks at the role before the version',
    fails: ['S-6'],
    tamper: () => {
      let isBoth = false;
      return {
        messageIn: (message) => {
          if (message.kind === 'hello') isBoth = message.version !== 1 && message.role !== 'host';
          return message;
        },
        ...refusedOut((refused) => (isBoth ? { ...refused, code: refusals['wrong-role'].number } : refused)),
      };
    },
  },
  {
    name: 'refuses with a number that there is not',
    fails: ['S-3', 'S-4', 'S-5', 'S-6', 'S-7'],
    tamper: () => refusedOut((refused) => ({ ...refused, code: 999 })),
  },
  {
    name: 'goes on although it was refused',
    fails: ['S-8'],
    tamper: () => ({
      messageIn: (message) => (message.kind === 'refused' ? { ...message, request: 1 } : message),
    }),
  },
  {
    name: 'answers before it has been greeted',
    fails: ['S-9'],
    tamper: () => {
      const greeted = new Set<number>();
      return {
        dataIn: (frame, { markIn, markOut, extra }) => {
          if (frame.priority === 0) greeted.add(markIn);
          if (frame.priority === 1 && !greeted.has(markIn)) {
            extra.push(encodeFrame({ ...frame, sequence: 0, payload: strayMessage(20) }, markOut));
          }
          return frame;
        },
      };
    },
  },
  {
    name: 'takes nothing before its hello is acknowledged',
    fails: ['S-10'],
    tamper: () => {
      const acknowledged = new Set<number>();
      return {
        acknowledgementIn: (frame, { markIn }) => {
          acknowledged.add(markIn);
          return frame;
        },
        dataIn: (frame, { markIn }) => {
          const decoded = decodeMessage(frame.payload);
          const isEarly = !acknowledged.has(markIn) && decoded.ok && decoded.message.kind === 'taskManagement';
          return isEarly ? { ...frame, payload: strayMessage(frame.payload.length) } : frame;
        },
      };
    },
  },
  {
    name: 'derives its keys from other salts',
    role: 'main',
    isSealed: true,
    fails: ['S-11', 'S-12', 'S-13', 'S-14'],
    may: anything,
    tamper: () => hellosIn((hello) => ({ ...hello, salt: Buffer.alloc(32, 3) })),
  },
  {
    name: 'answers in clear',
    role: 'main',
    isSealed: true,
    fails: ['S-12'],
    may: anything,
    tamper: () => inClear(),
  },
  {
    name: 'drops what fails its tag and goes on',
    role: 'main',
    isSealed: true,
    fails: ['S-19'],
    tamper: () => forgiving(),
  },
  {
    name: 'looks away from the check of messages',
    fails: ['M-2', 'L-18', 'L-19'],
    tamper: () => brokenIn((payload, code) => (code === 'message-check' ? withMessageCheck(payload) : payload)),
  },
  {
    name: 'drops damaged messages and goes on',
    fails: ['M-2', 'M-3', 'L-18', 'L-19'],
    tamper: () => brokenIn((payload) => strayMessage(Math.max(6, payload.length))),
  },
  {
    name: 'gives its link up for a tag that it does not know',
    fails: ['M-5'],
    may: anything,
    tamper: () =>
      brokenIn((payload, code) => {
        if (code === 'message-tag' && payload.length === 40) payload.writeUInt8(1, 12);
        return payload;
      }),
  },
  {
    name: 'takes bytes after the last field',
    fails: ['M-4'],
    tamper: () =>
      brokenIn((payload, code) => (code === 'message-trailing' ? withMessageCheck(payload.subarray(0, -2)) : payload)),
  },
  {
    name: 'takes values that the table does not allow',
    fails: ['M-6'],
    tamper: () =>
      brokenIn((payload, code) => {
        if (code === 'message-value') payload.writeUInt8(0x80, 6);
        return code === 'message-value' ? withMessageCheck(payload) : payload;
      }),
  },
  {
    name: 'takes numbers past 2^53',
    role: 'main',
    fails: ['M-7'],
    tamper: () =>
      brokenIn((payload, code) => {
        if (code !== 'message-value' || payload.readUInt16LE(0) !== 0x26) return payload;
        payload.writeUInt8(0, 17);
        return withMessageCheck(payload);
      }),
  },
  {
    name: 'answers under another number for large ones',
    fails: ['M-8'],
    tamper: () => ({
      messageOut: (message) =>
        message.kind === 'taskResponse' && message.request > 0x7fffffff ? { ...message, request: 7 } : message,
    }),
  },
  {
    name: 'sends what is no message now and then',
    fails: ['M-1'],
    may: anything,
    tamper: () => ({
      dataOut: (frame) => {
        const decoded = frame.first && frame.last ? decodeMessage(frame.payload) : undefined;
        const isRefusal =
          decoded?.ok === true && decoded.message.kind === 'taskResponse' && decoded.message.request === 1;
        return isRefusal ? { ...frame, payload: strayMessage(frame.payload.length) } : frame;
      },
    }),
  },
  {
    name: 'leaves a counter out',
    role: 'main',
    isSealed: true,
    fails: ['S-13'],
    tamper: () => resealed((counter) => (counter === 1 ? 5000 : counter)),
  },
  {
    name: 'proves itself with a counter other than 0',
    role: 'main',
    isSealed: true,
    fails: ['S-13', 'S-14'],
    may: anything,
    tamper: () => resealed((counter) => counter + 1),
  },
  {
    name: 'says another reason for a wrong key',
    role: 'main',
    isSealed: true,
    fails: ['S-15'],
    tamper: () =>
      refusedOut((refused) => {
        const isWrongKey = refused.code === refusals['wrong-key'].number;
        return isWrongKey ? { ...refused, code: refusals['sealed-invalid'].number } : refused;
      }),
  },
  {
    name: 'takes a sealed message that comes again as a new one',
    role: 'main',
    isSealed: true,
    fails: ['S-16', 'S-17'],
    may: ['L-1', 'D'],
    tamper: () => freshlySealed(),
  },
];

/** Opens what the device seals, and seals it with other counters. */
function resealed(counterOf: (counter: number) => number): Tampering {
  let theirs: Uint8Array | undefined;
  let opener: Opener | undefined;
  let sealKey: Uint8Array | undefined;
  /** What is repeated is the same bytes. */
  let sealed = new Map<number, MessageNamed<'sealed'>>();
  return {
    messageIn: (message) => {
      if (message.kind === 'hello' && theirs !== undefined) {
        sealed = new Map();
        sealKey = keyOf([theirs, message.salt], 'main', 'host');
        opener = new Opener(sealKey);
      }
      return message;
    },
    messageOut: (message) => {
      if (message.kind === 'hello') theirs = Uint8Array.from(message.salt);
      if (message.kind !== 'sealed' || opener === undefined || sealKey === undefined) return message;
      const opened = sealed.has(message.counter) ? undefined : opener.open(message);
      if (opened?.ok === true)
        sealed.set(message.counter, sealedAt(sealKey, counterOf(message.counter), opened.message));
      return sealed.get(message.counter) ?? message;
    },
  };
}

/** Seals anew, with the next counter, whatever the suite has sealed. */
function freshlySealed(): Tampering {
  let theirs: Uint8Array | undefined;
  let key: Uint8Array | undefined;
  let count = 0;
  return {
    messageOut: (message) => {
      if (message.kind === 'hello') theirs = Uint8Array.from(message.salt);
      return message;
    },
    messageIn: (message) => {
      if (message.kind === 'hello' && theirs !== undefined) {
        key = keyOf([theirs, message.salt], 'host', 'main');
        count = 0;
      }
      if (message.kind !== 'sealed' || key === undefined) return message;
      const opened = new Opener(key).open(message);
      if (!opened.ok) return message;
      count += 1;
      return sealedAt(key, count - 1, opened.message);
    },
  };
}

/** Puts a refusal in clear in the place of each answer to task management; it takes as many units. */
function inClear(): Tampering {
  let count = 0;
  return {
    messageOut: (message) => {
      if (message.kind !== 'sealed' || message.counter === 0) return message;
      count += 1;
      return { kind: 'refused', request: count, code: refusals['message-value'].number, detail: 'x'.repeat(60) };
    },
  };
}

/** Puts something harmless in the place of what cannot be opened. */
function forgiving(): Tampering {
  let theirs: Uint8Array | undefined;
  let key: Uint8Array | undefined;
  return {
    messageOut: (message) => {
      if (message.kind === 'hello') theirs = Uint8Array.from(message.salt);
      return message;
    },
    messageIn: (message) => {
      if (message.kind === 'hello' && theirs !== undefined) key = keyOf([theirs, message.salt], 'host', 'main');
      if (message.kind !== 'sealed' || message.counter === 0 || key === undefined) return message;
      if (new Opener(key).open(message).ok) return message;
      const detail = 'x'.repeat(message.ciphertext.length);
      return { kind: 'refused', request: 1, code: refusals['message-value'].number, detail };
    },
  };
}

function keyOf(
  salts: readonly [Uint8Array, Uint8Array],
  sender: 'host' | 'main',
  receiver: 'host' | 'main',
): Uint8Array {
  return sessionKey(wrongKey, [Uint8Array.from(salts[0]), Uint8Array.from(salts[1])], { sender, receiver });
}

function sealedAt(key: Uint8Array, counter: number, message: Uint8Array): MessageNamed<'sealed'> {
  const sealer = new Sealer(key);
  for (let each = 0; each < counter; each += 1) sealer.seal(Buffer.alloc(0));
  return sealer.seal(message);
}
