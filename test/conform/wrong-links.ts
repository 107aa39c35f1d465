/** Devices that do wrong with fragments, acknowledgements and windows, and the numbers at which the suite has to find them out. */

import { plainFrame, stuffed } from '../../hil/conform/stray.js';
import { encodeFrame } from '../../protocol/frame/frame.js';
import {
  type AcknowledgementRecord,
  decodeAcknowledgement,
  encodeAcknowledgement,
} from '../../protocol/link/acknowledgement.js';
import type { Open } from '../../protocol/link/open-frame.js';
import { unitsOf } from '../../protocol/link/sequence.js';
import type { AcknowledgementFrame, DataFrame, Tampering } from './tampering.js';
import { anything, type Wrong } from './wrong.js';

type Records = readonly Omit<AcknowledgementRecord, 'complete'>[];

/** Changes the records of acknowledgements; none drops them. */
const records =
  (change: (all: Records) => Records) =>
  (frame: AcknowledgementFrame): AcknowledgementFrame | undefined => {
    const all = change(decodeAcknowledgement(frame.payload) ?? []);
    return all.length === 0 ? undefined : { ...frame, payload: encodeAcknowledgement(all) };
  };

/** Acts on the fragments of a queue that have left before. */
function repetitions(change: (frame: DataFrame) => DataFrame | undefined): Tampering {
  const left = new Set<string>();
  return {
    dataOut: (frame, { markOut }) => {
      const name = `${markOut} ${frame.priority} ${frame.sequence}`;
      if (left.has(name)) return change(frame);
      left.add(name);
      return frame;
    },
  };
}

const limitsOf = (open: Open, changes: Partial<Open['limits']>): Open => ({
  ...open,
  limits: { ...open.limits, ...changes },
});

export const wrongLinks: readonly Wrong[] = [
  {
    name: 'takes what comes again for the next message',
    fails: ['L-1'],
    tamper: () => {
      const seen = new Set<string>();
      return {
        dataIn: (frame, { markIn }) => {
          const name = `${markIn} ${frame.sequence}`;
          if (frame.priority !== 1) return frame;
          if (seen.has(name)) return { ...frame, sequence: frame.sequence + unitsOf(frame.payload.length) };
          seen.add(name);
          return frame;
        },
      };
    },
  },
  {
    name: 'lets control wait behind bulk',
    fails: ['L-2'],
    tamper: () => {
      let bulk = 0;
      let held: { frame: DataFrame; mark: number }[] = [];
      return {
        dataOut: (frame, { markOut }) => {
          if (frame.priority === 1) bulk += unitsOf(frame.payload.length);
          if (frame.priority !== 0 || bulk < 12) return frame;
          held.push({ frame, mark: markOut });
          return undefined;
        },
        acknowledgementIn: (frame, { extra }) => {
          if ((decodeAcknowledgement(frame.payload) ?? []).some(({ priority }) => priority === 1)) {
            bulk = 0;
            for (const { frame: each, mark } of held) extra.push(encodeFrame(each, mark));
            held = [];
          }
          return frame;
        },
        openIn: (open) => {
          if (open.peer === 0n) bulk = 0;
          return open;
        },
      };
    },
  },
  {
    name: 'numbers frames and not units',
    fails: ['L-3'],
    may: anything,
    tamper: () => {
      const counts = new Map<string, number>();
      return {
        dataOut: (frame, { markOut }) => {
          const name = `${markOut} ${frame.priority}`;
          const sequence = counts.get(name) ?? 0;
          counts.set(name, sequence + 1);
          return { ...frame, sequence };
        },
      };
    },
  },
  {
    name: 'takes fragments of any length',
    fails: ['L-4'],
    tamper: () => ({
      dataIn: (frame) => {
        const { payload, last } = frame;
        if (last || payload.length % 64 === 0) return frame;
        return { ...frame, payload: Buffer.concat([payload, Buffer.alloc(64 - (payload.length % 64))]) };
      },
    }),
  },
  {
    name: 'begins queue 0 at 1',
    fails: ['L-5'],
    may: ['L-16', 'L-29', 'L-31'],
    tamper: () => ({
      dataOut: (frame) => (frame.priority === 0 ? { ...frame, sequence: (frame.sequence + 1) & 0xffff } : frame),
      acknowledgementIn: records((all) =>
        all.map((record) => (record.priority === 0 ? { ...record, next: Math.max(0, record.next - 1) } : record)),
      ),
      openIn: (open) => ({ ...open, next: [Math.max(0, open.next[0] - 1), open.next[1], open.next[2]] }),
    }),
  },
  {
    name: 'takes what is repeated in other pieces for something else',
    fails: ['L-6'],
    may: ['L-8', 'L-36'],
    tamper: () => {
      let isOpen = false;
      return {
        dataIn: (frame) => {
          if (frame.first) isOpen = !frame.last && frame.payload.length === 128;
          const isPiece = isOpen && frame.priority === 2 && !frame.first && !frame.last && frame.payload.length === 64;
          return isPiece ? undefined : frame;
        },
      };
    },
  },
  {
    name: 'repeats other bytes than it sent',
    fails: ['L-7'],
    tamper: () =>
      repetitions((frame) => {
        const payload = Buffer.from(frame.payload);
        payload.writeUInt8((payload.at(-1) ?? 0) ^ 1, payload.length - 1);
        return { ...frame, payload };
      }),
  },
  {
    name: 'keeps the new part of what overlaps',
    fails: ['L-8'],
    tamper: () => {
      const seen = new Set<string>();
      return {
        dataIn: (frame, { markIn }) => {
          const key = (unit: number) => `${markIn} ${frame.priority} ${unit}`;
          const { payload, sequence } = frame;
          const isOverlapping = payload.length === 128 && !seen.has(key(sequence)) && seen.has(key(sequence + 1));
          for (let unit = 0; unit < unitsOf(payload.length); unit += 1) seen.add(key(sequence + unit));
          return isOverlapping ? { ...frame, payload: payload.subarray(0, 64) } : frame;
        },
      };
    },
  },
  {
    name: 'says each acknowledgement again with an odd run',
    fails: ['L-23'],
    tamper: () => ({
      acknowledgementOut: (frame, { extra, markOut: mark }) => {
        extra.push(stuffed(plainFrame({ kindByte: 0x40, sequence: 0, payload: Buffer.of(0x01, 0, 0, 1), mark })));
        return frame;
      },
    }),
  },
  {
    name: 'acknowledges what it has not got',
    fails: ['L-24'],
    may: ['L-6', 'L-8', 'L-25', 'L-33', 'L-34'],
    tamper: () => ({
      acknowledgementOut: records((all) =>
        all.map(({ priority, next, runs }) => ({
          priority,
          next: runs.reduce((sum, run) => sum + run, next),
          runs: [],
        })),
      ),
    }),
  },
  {
    name: 'never says what it has out of order',
    fails: ['L-24', 'L-34'],
    tamper: () => ({ acknowledgementOut: records((all) => all.map((record) => ({ ...record, runs: [] }))) }),
  },
  {
    name: 'acknowledges the first of a queue when it comes a second time',
    fails: ['L-25'],
    may: ['L-26'],
    tamper: () => {
      const said = new Set<string>();
      return {
        acknowledgementOut: (frame, { markOut }) =>
          records((all) =>
            all.filter(({ priority, next, runs }) => {
              const news = `${markOut} ${priority} ${next} ${runs.join(' ')}`;
              const isNew = priority === 2 && next === 1 && runs.length === 0 && !said.has(news);
              said.add(news);
              return !isNew;
            }),
          )(frame),
      };
    },
  },
  {
    name: 'says news of a queue once',
    fails: ['L-26'],
    tamper: () => {
      let told = '';
      const last = new Map<number, string>();
      return {
        acknowledgementOut: (frame, { markOut }) => {
          if (told !== String(markOut)) last.clear();
          told = String(markOut);
          return records((all) =>
            all.filter(({ priority, next, runs }) => {
              const news = `${next} ${runs.join(' ')}`;
              if (last.get(priority) === news) return false;
              last.set(priority, news);
              return true;
            }),
          )(frame);
        },
      };
    },
  },
  {
    name: 'repeats nothing',
    fails: ['L-16', 'L-28', 'L-29', 'L-30'],
    tamper: () => repetitions(() => undefined),
  },
  {
    name: 'does not ask for sign of life',
    fails: ['L-21', 'L-31', 'L-40'],
    tamper: () => ({ openOut: (open) => (open.ask && open.running ? undefined : open) }),
  },
  {
    name: 'ignores the window of its peer',
    fails: ['L-2', 'L-32'],
    tamper: () => ({ openIn: (open) => limitsOf(open, { windowUnits: 16_384 }) }),
  },
  {
    name: 'takes what lies past its window',
    fails: ['L-33'],
    tamper: () => ({ openOut: (open) => limitsOf(open, { windowUnits: 64 }) }),
  },
  {
    name: 'announces more window than it has',
    fails: ['L-34'],
    tamper: () => ({
      dataIn: (frame) => (frame.priority === 2 && frame.sequence === 16_383 && frame.first ? undefined : frame),
    }),
  },
  {
    name: 'hands up messages longer than it announced',
    fails: ['L-35'],
    tamper: () => ({ openOut: (open) => limitsOf(open, { messageBytesMax: 5000 }) }),
  },
  {
    name: 'sends larger frames than its peer takes',
    fails: ['L-36'],
    tamper: () => ({ openIn: (open) => limitsOf(open, { payloadUnitsMax: 64 }) }),
  },
  {
    name: 'does not count past 65 535',
    fails: ['L-37'],
    tamper: () => {
      const ended = new Set<number>();
      return {
        dataIn: (frame, { markIn }) => {
          if (frame.priority === 2 && frame.sequence > 65_000) ended.add(markIn);
          return ended.has(markIn) && frame.sequence < 1000 ? undefined : frame;
        },
      };
    },
  },
];
