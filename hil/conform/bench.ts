/**
 * What a check has in its hands: the line, fresh links, sessions and units on it, and what it may do to the device.
 */
import type { Open, ReceiveLimits } from '../../protocol/link/open-frame.js';
import { capabilitiesOf, ciphers } from '../../protocol/session/ciphers.js';
import type { Role } from '../../protocol/session/endpoint-types.js';
import { capabilitiesOfForms, type RunFormsTaken } from '../../protocol/session/run-forms.js';
import type { ConformRole } from './check.js';
import { Finding, NotRun } from './finding.js';
import type { PlayedRecords } from './played-records.js';
import { Probe } from './probe.js';
import { ProbeLink } from './probe-link.js';
import { ProbeSession } from './probe-session.js';
import { ProbeUnit } from './probe-unit.js';
import type { Wire } from './wire.js';

/** A line to the device. */
export interface Port {
  readonly wire: Wire;
  readonly key: Uint8Array | undefined;
  /** Marks of links of earlier checks. */
  readonly marksBefore: Set<number>;
}

/** The line at which the suite is the other controller of the device's pair. */
export interface RemotePort extends Port {
  readonly records: PlayedRecords;
}

/** What all checks of a run share. */
export interface Surroundings extends Port {
  readonly role: ConformRole;
  readonly allowDataLoss: boolean;
  /** Fresh bytes that nobody has had before. */
  readonly fresh: (count: number) => Uint8Array;
  /** Cuts the power of the device and brings it back; undefined when there is nobody to do it. */
  readonly powerCycle: (() => Promise<void>) | undefined;
  /** Undefined where the suite has the line of the host alone. */
  readonly remote?: RemotePort;
}

const openTries = 8;
const openTryUs = 400_000;
/** How long a device may take to be back after a power cut, in microseconds. */
const powerUs = 30_000_000;
/** How long it takes at most until this side has noticed that the line went down, in microseconds. */
const settleUs = 100_000;

/** Why a check of the line between the controllers is not made. */
export const noRemote = 'it is about the line between the controllers: give --remote';

export class Bench {
  readonly probe: Probe;
  readonly #surroundings: Surroundings;
  /** Role of the suite on this line. */
  readonly ownRole: Role;
  #remote: Bench | undefined;

  constructor(surroundings: Surroundings, ownRole: Role = 'host') {
    this.#surroundings = surroundings;
    this.ownRole = ownRole;
    this.probe = new Probe(surroundings.wire, surroundings.marksBefore);
  }

  get role(): ConformRole {
    return this.#surroundings.role;
  }

  get key(): Uint8Array | undefined {
    return this.#surroundings.key;
  }

  get wire(): Wire {
    return this.#surroundings.wire;
  }

  get hasRemote(): boolean {
    return this.#surroundings.remote !== undefined;
  }

  /** The line between the controllers, with the suite in the place of the other one. */
  get remote(): Bench {
    const { remote, ...shared } = this.#surroundings;
    if (remote === undefined) throw new NotRun(noRemote);
    this.#remote ??= new Bench({ ...shared, ...remote }, this.role === 'main' ? 'sub' : 'main');
    return this.#remote;
  }

  /** What the suite durably knows as a controller. */
  get records(): PlayedRecords {
    const { remote } = this.#surroundings;
    if (remote === undefined) throw new NotRun(noRemote);
    return remote.records;
  }

  /** The last frames of the line that the check is about. */
  transcript(): string[] {
    return (this.#remote ?? this).probe.transcript.lines();
  }

  fresh(count: number): Uint8Array {
    return this.#surroundings.fresh(count);
  }

  /** A link id that was never used. */
  freshId(): bigint {
    return Buffer.from(this.fresh(8)).readBigUInt64LE() | 1n;
  }

  /** The end of a link that the device does not know yet. */
  newLink(limits?: ReceiveLimits): ProbeLink {
    this.retire();
    return new ProbeLink(this.probe, this.freshId(), limits);
  }

  /** Opens a fresh link, in place of any that the device has. */
  async link(limits?: ReceiveLimits): Promise<ProbeLink> {
    const link = this.newLink(limits);
    this.probe.sendBytes(Buffer.of(0));
    await this.meet(link);
    await link.barrier();
    return link;
  }

  /** Introduces a link to the device until it names it; the device has a candidate for it then. */
  async meet(link: ProbeLink): Promise<Open> {
    for (let tries = 0; tries < openTries; tries += 1) {
      link.sendOpen({ peer: 0n, running: false });
      const found = await this.probe.until(() => this.openNaming(link.own), openTryUs);
      if (found === undefined) continue;
      link.peer = found.own;
      link.peerLimits = found.limits;
      return found;
    }
    throw new Finding('an open in answer to one with ask and a fresh link id', 'none');
  }

  /** The newest open of the device that names this id as its peer. */
  openNaming(own: bigint): Open | undefined {
    return this.probe.opens.findLast(({ open }) => open.peer === own)?.open;
  }

  /** A link without a session: the device's hello is acknowledged and not answered. */
  newSession(link: ProbeLink): ProbeSession {
    return new ProbeSession(link, { role: this.ownRole, key: this.key, salt: this.fresh(32) });
  }

  /** A fresh link with an open session. */
  async session(limits?: ReceiveLimits): Promise<ProbeSession> {
    const session = this.newSession(await this.link(limits));
    await session.open();
    return session;
  }

  /** The same, with these forms of runs announced. */
  async replicationSession(forms: Partial<RunFormsTaken>): Promise<ProbeSession> {
    const session = this.newSession(await this.link());
    await session.open({ capabilities: capabilitiesOf(ciphers) | capabilitiesOfForms(forms) });
    return session;
  }

  /** Logical unit 0 in a fresh session, without unit attentions. */
  async unit(limits?: ReceiveLimits): Promise<ProbeUnit> {
    const unit = new ProbeUnit(await this.session(limits));
    await unit.clearAttentions();
    return unit;
  }

  /** Logical unit 0 in a fresh session as it is: unit attentions wait. */
  async rawUnit(): Promise<ProbeUnit> {
    return new ProbeUnit(await this.session());
  }

  /** Cuts the power of the device; resolves when its line is open again. */
  async powerCycle(): Promise<void> {
    const { powerCycle } = this.#surroundings;
    if (powerCycle === undefined) throw new NotRun('nothing cuts the power of the device: give --power-cycle');
    this.retire();
    this.#remote?.retire();
    await powerCycle();
    // Whoever ends a process is faster than the loss of its socket.
    await new Promise<void>((resolve) => this.wire.after(settleUs, resolve));
    await this.lineBack();
  }

  /** Closes the line and opens it again. */
  async reopen(): Promise<void> {
    const { reopen } = this.wire;
    if (reopen === undefined) throw new NotRun(`a device at ${this.wire.name} does not see the line go down and up`);
    this.probe.firstBytes = new Uint8Array(0);
    await reopen();
    await this.lineBack();
  }

  /** The first anomaly of a requirement ends the check. */
  inspect(number: string): void {
    const found = this.probe.anomalies.find((each) => each.number === number);
    if (found !== undefined) throw new Finding(found.expected, found.came);
  }

  /** The check is over: whatever it still waits for is given up. */
  end(): void {
    this.retire();
    this.probe.end();
    this.#remote?.leave();
  }

  /** As `end`, and nobody answers on this line any more until a check comes back to it. */
  leave(): void {
    this.end();
    this.wire.listen({ arrived: () => {}, changed: () => {} });
  }

  /** What comes of the links so far is no news from here on. */
  retire(): void {
    const mark = this.probe.link?.markIn;
    if (mark !== undefined) this.probe.retire(mark);
  }

  /** Waits for the line to be open, and for the other one where the check has used it, for so long at most. */
  async lineBack(limitUs = powerUs): Promise<void> {
    await this.#remote?.lineBack(limitUs);
    const untilUs = this.wire.nowUs() + limitUs;
    while (!this.wire.isOpen && this.wire.nowUs() < untilUs) {
      await new Promise<void>((resolve) => this.wire.after(20_000, resolve));
    }
  }
}
