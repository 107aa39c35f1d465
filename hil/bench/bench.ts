/**
 * A bench as scenarios and tests see it: two controllers, a host at each, and time, whatever is behind them: models in
 * virtual time, models in this process, models as processes, or boards at the end of lines.
 */
import type { FailingCommand } from '../../firmware-sim/disk/armed-errors.js';
import type { MainController } from '../../firmware-sim/main/main-controller.js';
import type { SubController } from '../../firmware-sim/sub/sub-controller.js';
import type { HostClient } from '../../host/client.js';
import type { Method } from '../../protocol/ids.js';
import type { AreaName } from '../report/block-states.js';
import type { LineRecord } from '../report/run-record.js';

/** `lines`: nothing is started here, the controllers are at the end of lines. */
export const benchKinds = ['emulator', 'in-process', 'processes', 'lines'] as const;
export type BenchKind = (typeof benchKinds)[number];

/** Who has a power switch. */
export type Powered = 'main' | 'sub';

/** What the pair on the bench is set to. */
export interface BenchShape {
  readonly method: Method;
  /** Sizes of the volumes in bytes. */
  readonly volumes: readonly number[];
  readonly blockBytes: number;
}

/** Sizes of each shadow and staging area of models; they take a whole volume unless given. */
export interface SlotAreaBytes {
  readonly shadowBytes?: number;
  readonly stagingBytes?: number;
}

/** What this bench can do besides reading, writing and giving instructions. */
export interface BenchAbilities {
  /** Cut and restore the line between the controllers. */
  readonly cutRemote: boolean;
  /** Cut the power of these controllers. */
  readonly power: ReadonlySet<Powered>;
  /** Read the raw areas behind these controllers. */
  readonly areas: ReadonlySet<Powered>;
  /** Let commands to the disks of these controllers fail. */
  readonly failDisks: ReadonlySet<Powered>;
  /** Time is virtual: nothing takes longer than it takes to compute. */
  readonly virtualTime: boolean;
}

/**
 * The next so many commands of a kind to an area of a volume end with a medium error; none: it is mended. It is mended too
 * when its controller loses its power.
 */
export interface DiskError {
  readonly area: AreaName;
  readonly volume: number;
  readonly command: FailingCommand;
  readonly times: number;
}

/** Whose an area is. */
export const ownerOf = {
  primary: 'main',
  shadow: 'main',
  secondary: 'sub',
  staging: 'sub',
} as const satisfies Readonly<Record<AreaName, Powered>>;

/** A named step of a controller's work, where it can be seen: frozen, complete, committed, structured, failed, … */
export interface BenchMark {
  readonly atUs: number;
  readonly role: Powered;
  readonly name: string;
  readonly values: Readonly<Record<string, number | string>>;
}

export interface Bench extends AsyncDisposable {
  readonly kind: BenchKind;
  readonly shape: BenchShape;
  readonly can: BenchAbilities;
  /** The host at main, and the one at the sub. */
  readonly host: HostClient;
  readonly subHost: HostClient;
  /** Waits for a promise; in virtual time this is what lets time pass. */
  run<T>(promise: Promise<T>): Promise<T>;
  /** Microseconds since the bench began. */
  nowUs(): number;
  /** Lets so many microseconds pass, in real time fewer when `signal` is aborted meanwhile. */
  pass(us: number, signal?: AbortSignal): Promise<void>;
  /** Throws RefusalError `capability-missing` where `can` says no, as all of the following. */
  cutRemote(): void;
  restoreRemote(): void;
  powerCut(role: Powered): Promise<void>;
  powerOn(role: Powered): Promise<void>;
  /** Durable bytes of an area of a volume, as a disk would keep them without power. */
  readArea(area: AreaName, volume: number, offsetBytes: number, lengthBytes: number): Promise<Buffer>;
  /** Throws `unknown-volume` too. */
  failDisk(error: DiskError): Promise<void>;
  /** What the lines have carried so far, as far as it can be seen from here; the line between the controllers first. */
  lines(): readonly LineRecord[];
  /** Calls the listener at each mark from now on. */
  onMark(listener: (mark: BenchMark) => void): void;
  /** The models behind this bench, where they are in this process: for maps of their blocks. */
  readonly models: BenchModels | undefined;
  close(): Promise<void>;
}

/** A look into the models: nothing that a real controller would show. */
export interface BenchModels {
  readonly main: MainController;
  readonly sub: SubController;
  /** Calls the listener after each event that a controller has taken. */
  onStep(listener: (role: Powered) => void): void;
}

/** The name of the line between the controllers in `lines()`. */
export const remoteLineName = 'main–sub';
/** The names of the lines from the hosts to the controllers. */
export const hostLineNames: Readonly<Record<Powered, string>> = { main: 'host–main', sub: 'host–sub' };

/** Bytes that the line between the controllers has carried, both ways; undefined where nobody counts them. */
export function remoteBytes(bench: Bench): number | undefined {
  const remote = bench.lines().find(({ name }) => name === remoteLineName);
  return remote === undefined ? undefined : remote.bytesSent + remote.bytesReceived;
}
