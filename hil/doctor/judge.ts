/** What an observation of a line means. */
import { unreachable } from '../../protocol/ids.js';
import type { Refusal } from '../../protocol/refusals.js';
import type { Role } from '../../protocol/session/endpoint-types.js';
import { counted } from '../report/quantity.js';
import type { Finding } from './finding.js';
import type { Observation } from './probe-line.js';

export interface Judged {
  /** Who should be there; undefined when anybody may. */
  readonly expected: Role | undefined;
  /** Whether the line is one of bits, whose rate and noise matter. */
  readonly isSerial: boolean;
  /** How long it was looked at, in milliseconds. */
  readonly patienceMs: number;
}

/** The findings of one observation: mostly one, none when all is well. */
export function judge(seen: Observation, about: Judged): Finding[] {
  if (seen.trouble !== undefined) return [unopened(seen.trouble)];
  if (seen.framesOwn > 0 && seen.peer === undefined) return [looped(seen)];
  if (seen.refusal !== undefined) return [refusedSession(seen.refusal)];
  if (seen.peer !== undefined) return [...wrongPeer(seen.peer, about), ...noise(seen)];
  if (seen.bytesReceived === 0) return [noAnswer(seen, about)];
  if (seen.framesGood > 0) return [oneWay(seen)];
  return [isText(seen.sample) ? consoleThere(seen) : garbage(seen, about)];
}

function unopened({ code, detail }: Refusal): Finding {
  // As serialport says it.
  if (/custom baud rate/.test(detail)) {
    const remedy = 'set board and address to a rate that the adapter can do, such as 921600 or 115200';
    return { kind: 'baud-refused', what: 'the adapter refuses this baud rate', seen: detail, remedy };
  }
  if (code === 'port-in-use') {
    const remedy = 'end that process, or take another port';
    return { kind: 'in-use', what: 'another process uses this line', seen: detail, remedy };
  }
  const remedy =
    code === 'file-exists'
      ? 'move that file away, or name another socket'
      : 'see that the device is there and its other end is running';
  return { kind: 'unopened', what: 'the line does not open', seen: detail, remedy };
}

function looped({ framesOwn }: Observation): Finding {
  return {
    kind: 'looped',
    what: 'the line leads back to this side',
    seen: `${counted(framesOwn, 'frame')} came back exactly as sent`,
    remedy:
      'take the loopback plug off, or cross TX and RX: TX of the adapter to RX of the board; or turn a console’s echo off',
  };
}

function refusedSession(refusal: Refusal): Finding {
  const seen = `${refusal.code}: ${refusal.detail}`;
  switch (refusal.code) {
    case 'version-mismatch':
      return {
        ...{ kind: 'other-version', what: 'the other side speaks another version of the protocol', seen },
        remedy: 'update the older side: coldframe --version, and the firmware of the board',
      };
    case 'key-required':
      return {
        ...{ kind: 'key-mismatch', what: 'this side has a key for this line and the other side has none', seen },
        remedy: 'give the board its key, or take the key out of the bench file (keyFile, keyFiles) or the command',
      };
    case 'key-unknown':
      return {
        ...{ kind: 'key-mismatch', what: 'the other side has a key for this line and this side has none', seen },
        remedy: 'name its file: keyFile or keyFiles in the bench file, --key-file on the command line',
      };
    case 'wrong-key':
      return {
        ...{ kind: 'key-mismatch', what: 'the two sides hold different keys', seen },
        remedy: 'give both sides the same key file; each line may have its own',
      };
    default:
      return {
        ...{ kind: 'wrong-role', what: 'this is not the port that the line should lead to', seen },
        remedy:
          'plug the line into the other port of the board: host port to lines.host and lines.sub, remote port to the rest',
      };
  }
}

function wrongPeer(peer: Role, { expected }: Judged): Finding[] {
  if (expected === undefined || expected === peer) return [];
  return [
    {
      kind: 'wrong-role',
      what: `${peerName(peer)} is where ${peerName(expected)} should be`,
      seen: `it says that it is ${peer}`,
      remedy: 'swap the plugs, or the addresses in the bench file',
    },
  ];
}

function peerName(role: Role): string {
  switch (role) {
    case 'host':
      return 'a host';
    case 'main':
      return 'the main controller';
    case 'sub':
      return 'the sub controller';
    case 'disk':
      return 'a disk';
    default:
      return unreachable(role);
  }
}

/** Frames with errors that a session may have before it opens: what stood on the line before, and a little more. */
const badFramesUsual = 2;

function noise({ framesBad, framesGood }: Observation): Finding[] {
  if (framesBad <= badFramesUsual) return [];
  return [
    {
      kind: 'noise',
      what: 'frames arrive with errors',
      seen: `${counted(framesBad, 'run')} of bytes failed the check before a session opened, beside ${counted(framesGood, 'good frame')}`,
      remedy: 'a shorter cable, a common ground, a lower baud rate; or the board prints its log on this port',
    },
  ];
}

function noAnswer({ framesSent }: Observation, { isSerial, patienceMs }: Judged): Finding {
  return {
    kind: 'no-answer',
    what: 'nobody answers',
    seen: `${counted(framesSent, 'frame')} sent in ${patienceMs / 1000} s, not one byte came back`,
    remedy: isSerial
      ? 'power the board; cross TX and RX; connect ground; check that it is this port and this baud rate'
      : 'start the other side, and check that the address is its host port',
  };
}

function oneWay({ framesGood }: Observation): Finding {
  return {
    kind: 'one-way',
    what: 'the other side does not hear this one',
    seen: `${counted(framesGood, 'good frame')} arrived, but no session opens`,
    remedy: 'check TX of the adapter to RX of the board, and RTS/CTS if the board waits for it',
  };
}

function garbage({ bytesReceived, framesBad, sample }: Observation, { isSerial }: Judged): Finding {
  return {
    kind: 'garbage',
    what: 'what arrives are no frames of this protocol',
    seen: `${counted(bytesReceived, 'byte')} and no good frame (${counted(framesBad, 'run')} failed), beginning ${sample.subarray(0, 12).toString('hex')}`,
    remedy: isSerial
      ? 'set the baud rate of the board (?baud= in the address), 8 data bits, no parity, 1 stop bit; or something else is at this port'
      : 'check the address: something else listens there',
  };
}

/** Share of a text that may be other than text. */
const oddShareMax = 0.1;

function isText(sample: Buffer): boolean {
  let odd = 0;
  for (const byte of sample) if ((byte < 0x20 && byte !== 9 && byte !== 10 && byte !== 13) || byte > 0x7e) odd += 1;
  return odd <= sample.length * oddShareMax;
}

function consoleThere({ sample }: Observation): Finding {
  return {
    kind: 'console',
    what: 'a console or a log is at this port, not the protocol',
    seen: JSON.stringify(sample.subarray(0, 60).toString('latin1')),
    remedy: 'take the other port of the board, or move its console elsewhere',
  };
}
