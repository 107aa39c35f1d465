/** Devices that do wrong when a link is opened or resumed, and the numbers at which the suite has to find them out. */
import { stuffed } from '../../hil/conform/stray.js';
import { encodeFrame, markOf } from '../../protocol/frame/frame.js';
import { markOfLink } from '../../protocol/link/handshake.js';
import { encodeOpen } from '../../protocol/link/open-frame.js';
import { plainOf } from './plain-bytes.js';
import { anything, type Wrong } from './wrong.js';

export const wrongOpenings: readonly Wrong[] = [
  {
    name: 'has the same link id for ever',
    fails: ['L-9', 'L-20'],
    may: anything,
    tamper: () => {
      const constant = 0x1122334455667788n;
      let real = 0n;
      return {
        openOut: (open) => {
          real = open.own;
          return { ...open, own: constant };
        },
        openIn: (open) => (open.peer === constant ? { ...open, peer: real } : open),
        dataOut: (frame, { peer, extra }) => {
          extra.push(encodeFrame(frame, markOfLink(constant, peer)));
          return undefined;
        },
        acknowledgementOut: (frame, { peer, extra }) => {
          extra.push(encodeFrame(frame, markOfLink(constant, peer)));
          return undefined;
        },
        bytesIn: (bytes, { markIn, peer }) => remarked(bytes, markOfLink(peer, constant), markIn),
      };
    },
  },
  {
    name: 'puts something into the reserved field of opens',
    fails: ['L-10'],
    tamper: () => ({
      openOut: (open, { extra }) => {
        const payload = encodeOpen(open);
        payload.writeUInt32LE(1, 32);
        extra.push(encodeFrame({ kind: 'open', payload }, 0));
        return undefined;
      },
    }),
  },
  {
    name: 'answers each open of another version, without end',
    fails: ['L-11'],
    tamper: () => ({
      bytesIn: (bytes, { own, peer, extra }) => {
        const limits = { windowUnits: 16, payloadUnitsMax: 16, messageBytesMax: 65536 };
        const answer = { ask: false, running: true, own, peer, next: [0, 0, 0] as const, limits };
        if (isOpenOfVersion(bytes, 2)) extra.push(encodeFrame({ kind: 'open', payload: encodeOpen(answer) }, 0));
        return bytes;
      },
    }),
  },
  {
    name: 'is silent to opens of another version',
    fails: ['L-11'],
    tamper: () => ({ bytesIn: (bytes) => (isOpenOfVersion(bytes, 2) ? undefined : bytes) }),
  },
  {
    name: 'asks for a link once',
    fails: ['L-12'],
    tamper: () => {
      const asked = new Set<string>();
      return {
        openOut: (open) => {
          const name = `${open.own} ${open.peer}`;
          if (!open.ask || open.running) return open;
          if (asked.has(name)) return undefined;
          asked.add(name);
          return open;
        },
      };
    },
  },
  {
    name: 'acknowledges before the link is known to both',
    fails: ['L-13'],
    tamper: () => ({
      openOut: (open, { extra }) => {
        const payload = Buffer.of(0, 0, 0);
        const mark = markOfLink(open.own, open.peer);
        if (!open.running && open.peer !== 0n) {
          extra.push(encodeFrame({ kind: 'open', payload: encodeOpen(open) }, 0));
          extra.push(encodeFrame({ kind: 'acknowledgement', payload }, mark));
          return undefined;
        }
        return open;
      },
    }),
  },
  {
    name: 'answers its own opens when they come back',
    fails: ['L-14'],
    tamper: () => ({
      openIn: (open, { own, peer, extra }) => {
        if (open.own === own) extra.push(encodeFrame({ kind: 'open', payload: encodeOpen({ ...open, own, peer }) }, 0));
        return open;
      },
    }),
  },
  {
    name: 'answers opens that do not ask',
    fails: ['L-15'],
    tamper: () => ({ openIn: (open) => ({ ...open, ask: true }) }),
  },
  {
    name: 'repeats nothing when its peer has not been running',
    fails: ['L-16'],
    tamper: () => {
      const known = new Set<bigint>();
      return {
        openIn: (open) => {
          if (known.has(open.own) && open.peer !== 0n) return { ...open, running: true };
          if (open.peer !== 0n) known.add(open.own);
          return open;
        },
      };
    },
  },
  {
    name: 'never asks in its opens',
    fails: ['L-19', 'L-20', 'L-21', 'L-31', 'L-40'],
    tamper: () => ({ openOut: (open) => ({ ...open, ask: false }) }),
  },
  {
    name: 'is silent to one that it does not know while no link is established',
    fails: ['L-19'],
    tamper: () => {
      let own: bigint | undefined;
      return {
        openOut: (open) => {
          own = open.peer === 0n ? open.own : undefined;
          return open;
        },
        openIn: (open) => (own !== undefined && open.peer !== 0n && open.peer !== own ? undefined : open),
      };
    },
  },
  {
    name: 'takes a stale open for a new peer at once',
    fails: ['L-21'],
    tamper: () => {
      const owns = new Set<bigint>();
      let peer = 0n;
      return {
        openOut: (open) => {
          owns.add(open.own);
          if (open.running) peer = open.peer;
          return open;
        },
        openIn: (open) => (open.own === peer || owns.has(open.peer) ? open : { ...open, peer: 0n }),
      };
    },
  },
  {
    name: 'takes an open of its peer from before the link for a new start',
    fails: ['L-40'],
    tamper: () => ({
      openIn: (open, { own, peer }) =>
        open.own === peer && open.peer !== own ? { ...open, own: open.own ^ 1n, peer: 0n } : open,
    }),
  },
  {
    name: 'forgets a candidate as soon as the link is heard',
    fails: ['L-22'],
    tamper: () => {
      let candidate: bigint | undefined;
      let link: bigint | undefined;
      const forgotten = new Set<bigint>();
      return {
        openOut: (open) => {
          if (open.running) link = open.own;
          else if (open.own !== link) candidate = open.own;
          return open;
        },
        openIn: (open) => {
          if (forgotten.has(open.peer)) return undefined;
          if (open.peer === link && candidate !== undefined && candidate !== link) forgotten.add(candidate);
          return open;
        },
      };
    },
  },
];

/** The frame with another mark, when it has the first one. */
function remarked(bytes: Buffer, from: number, to: number): Buffer {
  const plain = plainOf(bytes);
  if (plain.length < 7 || markOf(bytes) !== from) return bytes;
  plain.writeUInt32LE((plain.readUInt32LE(plain.length - 4) ^ from ^ to) >>> 0, plain.length - 4);
  return stuffed(plain).subarray(0, -1);
}

function isOpenOfVersion(bytes: Buffer, version: number): boolean {
  const plain = plainOf(bytes);
  return plain.length > 7 && plain[0] === 0x80 && plain[3] === version;
}
