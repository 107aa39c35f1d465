/** Devices that do wrong with sessions and messages, and the numbers at which the suite has to find them out. */

import { strayMessage, withMessageCheck } from '../../hil/conform/stray.js';
import { encodeFrame } from '../../protocol/frame/frame.js';
import { decodeMessage, encodeMessage, type Message, type MessageNamed } from '../../protocol/message/messages.js';
import { refusals } from '../../protocol/refusals.js';
import { Insider } from './insider.js';
import type { Tampering } from './tampering.js';
import { anything, type Wrong } from './wrong.js';

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
    name: 'has the same entropy at each power on',
    fails: ['S-21'],
    // Its links have marks of before: what it sends passes for stale.
    may: anything,
    tamper: () => ({ entropy: Buffer.alloc(32, 'constant') }),
  },
  {
    name: 'takes hosts alone',
    fails: ['S-4'],
    tamper: () => hellosIn((hello) => (hello.role === 'host' ? hello : { ...hello, role: 'disk' })),
  },
  {
    name: 'has the same salt for ever',
    fails: ['S-2', 'S-21'],
    tamper: () => hellosOut((hello) => ({ ...hello, salt: Buffer.alloc(32, 7) })),
  },
  {
    name: 'sets a capability that there is not',
    fails: ['S-2'],
    tamper: () => hellosOut((hello) => ({ ...hello, capabilities: 9 })),
  },
  {
    name: 'announces a window of compressed runs to a host',
    fails: ['S-24'],
    tamper: () => hellosOut((hello) => ({ ...hello, capabilities: hello.capabilities | 0xf00 })),
  },
  {
    name: 'takes nobody who can do more than it knows',
    fails: ['S-25'],
    tamper: () => hellosIn((hello) => ((hello.capabilities & ~3) === 0 ? hello : { ...hello, version: 9 })),
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
    may: anything,
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
  {
    name: 'takes every cipher to be offered',
    role: 'main',
    isSealed: true,
    fails: ['S-22'],
    tamper: () => hellosIn((hello) => ({ ...hello, capabilities: (hello.capabilities | 3) >>> 0 })),
  },
  {
    name: 'waits for others after a refusal',
    role: 'main',
    isSealed: true,
    fails: ['S-23'],
    tamper: () => waitsForOthers(),
  },
];

/** Opens what the device seals, and seals it with other counters. */
function resealed(counterOf: (counter: number) => number): Tampering {
  const insider = new Insider();
  return {
    messageIn: (message) => {
      insider.hear('in', message);
      return message;
    },
    messageOut: (message, queue) => {
      insider.hear('out', message);
      const opened = message.kind === 'sealed' ? insider.open('out', queue, message) : undefined;
      if (message.kind !== 'sealed' || opened === undefined) return message;
      return insider.seal('out', queue, counterOf(message.counter), opened) ?? message;
    },
  };
}

/** Seals anew, with the next counter of its queue, whatever the suite has sealed. */
function freshlySealed(): Tampering {
  const insider = new Insider();
  let counts: [number, number, number] = [0, 0, 0];
  return {
    messageOut: (message) => {
      insider.hear('out', message);
      return message;
    },
    messageIn: (message, queue) => {
      if (insider.hear('in', message)) counts = [0, 0, 0];
      const opened = message.kind === 'sealed' ? insider.open('in', queue, message) : undefined;
      if (opened === undefined) return message;
      counts[queue] += 1;
      return insider.seal('in', queue, counts[queue] - 1, opened) ?? message;
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

/** Seals something harmless in the place of what cannot be opened. */
function forgiving(): Tampering {
  const insider = new Insider();
  return {
    messageOut: (message) => {
      insider.hear('out', message);
      return message;
    },
    messageIn: (message, queue) => {
      insider.hear('in', message);
      const isProof = message.kind === 'sealed' && message.counter === 0 && queue === 0;
      if (message.kind !== 'sealed' || isProof) return message;
      if (insider.open('in', queue, message) !== undefined) return message;
      const harmless = { kind: 'refused', request: 1, code: refusals['message-value'].number } as const;
      const bytes = message.ciphertext.length - 16 - encodeMessage({ ...harmless, detail: '' }).length;
      const inside = encodeMessage({ ...harmless, detail: 'x'.repeat(bytes) });
      return insider.seal('in', queue, message.counter, inside) ?? message;
    },
  };
}

/** Keeps the opens back that the model sends by itself once it has refused. */
function waitsForOthers(): Tampering {
  let hasRefused = false;
  return {
    messageOut: (message) => {
      hasRefused ||= message.kind === 'refused' && message.request === 0;
      return message;
    },
    openIn: (open) => {
      hasRefused = false;
      return open;
    },
    openOut: (open) => (hasRefused && open.peer === 0n ? undefined : open),
  };
}
