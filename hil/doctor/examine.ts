/** Everything that a doctor does with one line: looks at its port, opens it, says hello, and judges what comes back. */
import { RefusalError } from '../../protocol/refusals.js';
import type { Role } from '../../protocol/session/endpoint-types.js';
import { BoardLock } from '../run/board-lock.js';
import { type LineAddress, parseLineAddress } from '../run/lines/address.js';
import { type PortSettings, readPortSettings } from '../run/lines/port-settings.js';
import type { PortPlaces } from '../run/ports.js';
import { searchBaud } from './baud-search.js';
import { type Finding, isBlocking } from './finding.js';
import { judge } from './judge.js';
import { checkPort } from './port-check.js';
import { probeLine } from './probe-line.js';
import { checkSettings } from './settings-check.js';

export interface LineToExamine {
  /** Where it stands, as `lines.host` in a bench file. */
  readonly name: string;
  readonly address: string;
  /** Who to say that one is. */
  readonly role: Role;
  /** Who should be there; undefined when anybody may. */
  readonly expected?: Role | undefined;
  readonly key?: Uint8Array | undefined;
}

export interface ExamineOptions {
  readonly places: PortPlaces;
  /** How long a line is given to answer, in milliseconds. */
  readonly patienceMs: number;
  /** Ends the examination early. */
  readonly signal?: AbortSignal;
  /** What an open port is set to, for what PTYs cannot be. */
  readonly readSettings?: (path: string) => PortSettings;
}

export interface Examined {
  readonly name: string;
  readonly address: string;
  /** Who is there, where a session opened. */
  readonly peer: Role | undefined;
  readonly findings: readonly Finding[];
}

/** Examines a line. Throws RefusalError `line-address`. */
export async function examineLine(line: LineToExamine, options: ExamineOptions): Promise<Examined> {
  const { name, address: text } = line;
  const address = parseLineAddress(text);
  const found = address.kind === 'serial' ? checkPort(address.path, options.places) : [];
  if (found.some(isBlocking)) return { name, address: text, peer: undefined, findings: found };
  const lock = await locked(text, options.places.byIdDirectory);
  if (!(lock instanceof BoardLock)) return { name, address: text, peer: undefined, findings: [...found, lock] };
  try {
    const { peer, findings } = await examineOpen(line, address, options);
    return { name, address: text, peer, findings: [...found, ...findings] };
  } finally {
    lock.release();
  }
}

/** The line for this process alone, or who has it. */
async function locked(address: string, byIdDirectory: string): Promise<BoardLock | Finding> {
  try {
    return await BoardLock.take([address], { byIdDirectory });
  } catch (error) {
    if (!(error instanceof RefusalError) || error.refusal.code !== 'port-in-use') throw error;
    const remedy = 'wait for that run, or end it';
    return { kind: 'in-use', what: 'another run has this board', seen: error.refusal.detail, remedy };
  }
}

async function examineOpen(line: LineToExamine, address: LineAddress, options: ExamineOptions) {
  const { role, key, expected } = line;
  const { patienceMs, places, signal, readSettings = readPortSettings } = options;
  const isSerial = address.kind === 'serial';
  const ofSettings: Finding[] = [];
  const onOpen = () => {
    if (isSerial) ofSettings.push(...checkSettings(address, readSettings(address.path)));
  };
  const { sysDirectory, devDirectory, byIdDirectory } = places;
  const lineOptions = { sysDirectory, devDirectory, byIdDirectory };
  const probe = { role, key, patienceMs, lineOptions, ...(signal === undefined ? {} : { signal }) };
  const seen = await probeLine({ ...probe, address, onOpen });
  const judged = judge(seen, { expected, isSerial, patienceMs });
  const isGarbage = judged.some(({ kind }) => kind === 'garbage');
  const baud = isGarbage && isSerial ? await searchBaud({ ...probe, address }) : undefined;
  return { peer: seen.peer, findings: [...ofSettings, ...(baud === undefined ? judged : [baud])] };
}
