/** What a capture says to a role and what that role says, as one list: the script of a replay. */
import { plainRun } from '../../protocol/compression/plain-run.js';
import type { Open } from '../../protocol/link/open-frame.js';
import type { Message } from '../../protocol/message/messages.js';
import { RefusalError } from '../../protocol/refusals.js';
import { runFormsOf } from '../../protocol/session/run-forms.js';
import type { HeardFrame, HeardMessage } from '../capture/listen/heard.js';
import { counted } from '../report/quantity.js';
import type { ReplayRole } from './roles.js';

/** Who may be at the other end. */
export type PeerRole = 'host' | 'main' | 'sub';

export interface ScriptLine {
  /** As the capture names it. */
  readonly name: string;
  readonly peer: PeerRole;
}

export interface ScriptEntry {
  readonly line: ScriptLine;
  /** Of the frame that completed it. */
  readonly number: number;
  readonly atUs: number;
  readonly step: ScriptStep;
}

export type ScriptStep =
  /** The role has lost its memory: its power was cut, and came back. */
  | { readonly kind: 'restart' }
  /** The peer says nothing from here on, until its next session: its power was cut. */
  | { readonly kind: 'silence' }
  /** The peer begins a session of a fresh link. */
  | { readonly kind: 'session' }
  /** The peer says this to the role. */
  | { readonly kind: 'said'; readonly message: Message }
  /** The role says this. */
  | { readonly kind: 'answered'; readonly message: Message };

export interface Script {
  readonly lines: readonly ScriptLine[];
  readonly entries: readonly ScriptEntry[];
  /** Both controllers take runs that they may hold. */
  readonly heldRuns: boolean;
  /** Messages that were refused, and so cannot be said again. */
  readonly refusedMessages: number;
}

const peerRoles: Readonly<Record<ReplayRole, readonly string[]>> = {
  main: ['host', 'sub'],
  sub: ['host', 'main'],
  disk: ['host', 'main', 'sub'],
};

/**
 * Picks out what concerns the role. Throws RefusalError `key-unknown` when that is sealed and there is no key, `wrong-key`
 * when the key opens none of it, `argument-invalid` when nothing is said to the role, or two lines lead to the same port
 * of it.
 */
export function scriptOf(heard: Iterable<HeardFrame>, role: ReplayRole): Script {
  const writer = new ScriptWriter(role);
  for (const frame of heard) writer.take(frame);
  return writer.finish();
}

class ScriptWriter {
  readonly #role: ReplayRole;
  readonly #lines = new Map<string, ScriptLine>();
  readonly #entries: ScriptEntry[] = [];
  /** Of the role, and of the peer at each line. */
  readonly #lives = new Map<string, Lives>();
  /** By line: after how many entries its peer was last known to be alive, and when. */
  readonly #alive = new Map<string, { readonly after: number; readonly atUs: number }>();
  readonly #silences: { readonly after: number; readonly entry: ScriptEntry }[] = [];
  #refusedMessages = 0;
  readonly #seals = { opened: 0, refused: 0 };
  /** What each controller's hello says. */
  readonly #heldRuns = new Map<string, boolean>();

  constructor(role: ReplayRole) {
    this.#role = role;
  }

  take({ captured, from, to, content }: HeardFrame): void {
    const role = this.#role;
    const peer = from === role ? to : from;
    if ((from !== role && to !== role) || !isPeer(role, peer) || content.kind === 'refused') return;
    const { name } = captured.line;
    const line = this.#lines.get(name) ?? { name, peer };
    this.#lines.set(name, line);
    const at = { line, number: captured.number, atUs: captured.atUs };
    if (content.kind === 'open') this.#takeOpen(at, content.open, from === role);
    if (content.kind === 'data') {
      for (const message of content.messages) this.#takeMessage(at, message, from === role);
    }
    // Answers reach a peer that is alive; other frames may go on for a while when it is not.
    const isAnswer = this.#entries.at(-1)?.number === captured.number;
    if (from !== role || isAnswer) this.#alive.set(name, { after: this.#entries.length, atUs: captured.atUs });
  }

  finish(): Script {
    const lines = [...this.#lines.values()];
    checkLines(lines, this.#role);
    const { opened, refused } = this.#seals;
    if (opened === 0 && refused > 0)
      throw new RefusalError('wrong-key', `it opens none of ${counted(refused, 'sealed message')}`);
    const entries = [...this.#entries];
    // From the last on, so that those before keep their places.
    for (const { after, entry } of this.#silences.sort((a, b) => b.after - a.after)) entries.splice(after, 0, entry);
    const heldRuns = this.#heldRuns.get('main') === true && this.#heldRuns.get('sub') === true;
    return { lines, entries, heldRuns, refusedMessages: this.#refusedMessages };
  }

  #takeOpen(at: Omit<ScriptEntry, 'step'>, open: Open, isOfRole: boolean): void {
    const { name } = at.line;
    const who = isOfRole ? '' : name;
    const lives = this.#lives.get(who) ?? new Lives();
    this.#lives.set(who, lives);
    if (!lives.isRestart(name, open)) return;
    const before = this.#alive.get(name);
    if (isOfRole) this.#entries.push({ ...at, step: { kind: 'restart' } });
    else if (before !== undefined) {
      const entry: ScriptEntry = { ...at, atUs: before.atUs, step: { kind: 'silence' } };
      this.#silences.push({ after: before.after, entry });
    }
  }

  #takeMessage(at: Omit<ScriptEntry, 'step'>, heard: HeardMessage, isOfRole: boolean): void {
    if (heard.kind !== 'sealed' && heard.counter !== undefined)
      this.#seals[heard.kind === 'refused' ? 'refused' : 'opened'] += 1;
    if (heard.kind === 'refused') {
      this.#refusedMessages += 1;
      return;
    }
    if (heard.kind === 'sealed') {
      const missing = heard.missing === 'key' ? '' : ', and the capture begins after the hellos';
      throw new RefusalError('key-unknown', `${at.line.name} is sealed${missing}`);
    }
    const { message } = heard;
    if (message.kind === 'proof') return;
    if (message.kind === 'hello' && at.line.peer !== 'host') {
      this.#heldRuns.set(message.role, runFormsOf(message.capabilities).heldRuns);
    }
    if (message.kind !== 'hello') {
      this.#entries.push({ ...at, step: { kind: isOfRole ? 'answered' : 'said', message: asItIs(message) } });
    } else if (!isOfRole) this.#entries.push({ ...at, step: { kind: 'session' } });
  }
}

/** Whether and how runs are compressed is up to their sender: they are said and compared as they are without it. */
function asItIs(message: Message): Message {
  return message.kind === 'compressedRun' ? (plainRun(message) ?? message) : message;
}

/** Tells when somebody has lost its memory: it then opens each of its lines under an id of its own that knows no peer. */
class Lives {
  readonly #ids = new Set<bigint>();
  /** Lines that have been opened so in the present life. */
  #opened = new Set<string>();

  isRestart(line: string, { own, peer }: Open): boolean {
    if (peer !== 0n || this.#ids.has(own)) return false;
    this.#ids.add(own);
    const isAgain = this.#opened.has(line);
    if (isAgain) this.#opened = new Set();
    this.#opened.add(line);
    return isAgain;
  }
}

const isPeer = (role: ReplayRole, peer: string): peer is PeerRole => peerRoles[role].includes(peer);

function checkLines(lines: readonly ScriptLine[], role: ReplayRole): void {
  if (lines.length === 0)
    throw new RefusalError('argument-invalid', `--role ${role}: nothing is said to it in this capture`);
  for (const { peer } of lines) {
    const same = lines.filter((each) => each.peer === peer);
    if (same.length > 1 || (role === 'disk' && lines.length > 1)) {
      const names = (role === 'disk' ? lines : same).map(({ name }) => name).join(', ');
      throw new RefusalError('argument-invalid', `--line: ${role} has several lines to one port: ${names}`);
    }
  }
}
