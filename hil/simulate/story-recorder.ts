/** Watches a run and notes what a person would want to hear of it, in order. */
import type { DeviceEvent, DiskName, PortName } from '../../protocol/device.js';
import type { Message } from '../../protocol/message/messages.js';
import type { Refusal } from '../../protocol/refusals.js';
import type { MediumCommand } from '../../protocol/scsi/commands.js';
import { operationOf } from './disk-faults.js';
import { faultText } from './fault-text.js';
import { frameText } from './frame-text.js';
import type { DeviceNote } from './kernel.js';
import type { HostWrite } from './oracle.js';
import type { Fault, Site } from './plan.js';
import type { PlanHostsListener } from './plan-hosts-listener.js';
import type { PlanRun, PlanWitness } from './run-plan.js';
import { commandText, contentText, heldIn, heldOf, runText } from './story-contents.js';
import type { UnflushedWrite } from './unflushed-writes.js';

export interface StoryEvent {
  readonly atUs: number;
  /** Who does it: main, sub, host. */
  readonly who: string;
  readonly text: string;
  readonly kind: 'work' | 'fault' | 'power';
  /** What happens so often that events of one heap are told together, until something else happens. */
  readonly heap?: string;
}

/** A write of a host, and when it passed where. */
export interface WriteStory {
  readonly write: HostWrite;
  readonly givenUs: number;
  endedUs: number | undefined;
}

/** A sector came to a disk. */
export interface Passage {
  readonly atUs: number;
  readonly site: Site;
  readonly disk: DiskName;
  readonly sector: number;
  readonly number: number;
  readonly volume: number;
  readonly lba: number;
}

const lines: Readonly<Record<string, string>> = {
  'host target': 'host – main',
  'main host': 'host – main',
  'main remote': 'main – sub',
  'sub remote': 'main – sub',
  'subHost target': 'host – sub',
  'sub host': 'host – sub',
};
/** Marks that only say that the lines work. */
const quietMarks: ReadonlySet<string> = new Set(['session', 'freezeTaken']);

export class StoryRecorder implements PlanWitness {
  readonly events: StoryEvent[] = [];
  readonly writes: WriteStory[] = [];
  readonly passages: Passage[] = [];
  #run: PlanRun | undefined;
  /** What was at risk on the disks of a site when something last happened there. */
  readonly #atRisk: Record<Site, ReadonlyMap<DiskName, readonly UnflushedWrite[]>> = {
    main: new Map(),
    sub: new Map(),
  };

  readonly hosts: PlanHostsListener = {
    submitted: (write) => {
      const { volume, from, end, number, site } = write;
      if (number !== 0) this.writes.push({ write, givenUs: this.#nowUs, endedUs: undefined });
      const what = number === 0 ? 'zeros' : `write ${number}`;
      this.#tell('host', `${what} to ${site}: volume ${volume}, ${runText(from, end - from)}`);
    },
    ended: (write) => {
      const story = this.writes.find((each) => each.write === write);
      if (story !== undefined) story.endedUs = this.#nowUs;
      const what = write.number === 0 ? 'zeros' : `write ${write.number}`;
      this.#tell('host', `${what}: ${write.ended === 'good' ? 'GOOD' : 'failed'}`);
    },
    instructed: (site, instruction) => this.#tell('host', `${instruction} to ${site}`),
    answered: (site, answer) => this.#tell('host', `${site} answers ${answerText(answer)}`),
  };

  began(run: PlanRun): void {
    this.#run = run;
  }

  stepped(_atUs: number, device: string, event: DeviceEvent): void {
    if (device !== 'main' && device !== 'sub') return;
    this.#noteRisk(device);
    if (event.kind === 'line' && this.#nowUs > 0) {
      const line = lines[`${device} ${event.port}`] ?? event.port;
      this.#tell(device, `the line ${line} is ${event.up ? 'up' : 'lost'}`);
    }
    if (event.kind === 'disk' && event.completion.status !== 'good') {
      const { completion } = event;
      const { key, asc, ascq } = completion.status === 'checkCondition' ? completion.sense : {};
      const sense = key === undefined ? completion.status : `${key} ${hex(asc)}h/${hex(ascq)}h`;
      this.#tell(device, `a disk command has ended: ${sense}`);
    }
  }

  commanded(atUs: number, site: Site, disk: DiskName, command: MediumCommand): void {
    this.#noteRisk(site);
    for (const held of heldOf(command)) if (held.number !== 0) this.passages.push({ atUs, site, disk, ...held });
    const operation = operationOf(command);
    if (this.#run?.isRunning(site) !== true) return;
    if (operation === 'read' || disk === 'meta') this.#tell(site, operation, { heap: `${site} ${disk}` });
    else this.#tell(site, `${disk}: ${commandText(command)}`);
  }

  sent(_atUs: number, device: string, port: PortName, frame: Uint8Array): void {
    if (device === 'main' || device === 'sub') this.#noteRisk(device);
    const text = frameText(frame);
    if (text !== undefined) this.#tell('', text, { heap: lines[`${device} ${port}`] ?? port });
  }

  applied(_atUs: number, fault: Fault): void {
    const who = fault.kind === 'disk' ? fault.site : fault.kind === 'line' || fault.kind === 'host' ? '' : fault.who;
    this.#tell(who, faultText(fault), { kind: 'fault' });
  }

  noted({ device, effect }: DeviceNote): void {
    if (effect.kind === 'log') {
      if (effect.level !== 'info') this.#tell(device, effect.text);
    } else if (effect.kind === 'halted') {
      this.#tell(device, `halted: ${effect.refusal.code}: ${effect.refusal.detail}`);
    } else if (effect.kind === 'mark' && !quietMarks.has(effect.name)) {
      const values = Object.entries(effect.values).map(([name, value]) => `${name} ${value}`);
      this.#tell(device, [effect.name, ...values].join(', '));
    }
  }

  lostPower(_atUs: number, site: Site): void {
    this.#tell(site, 'the power is gone', { kind: 'power' });
    for (const [disk, writes] of this.#atRisk[site]) {
      const text = this.#survivedText(site, disk, writes);
      if (text !== undefined) this.#tell(site, `${disk}: ${text}`, { kind: 'power' });
    }
    this.#atRisk[site] = new Map();
  }

  powerOn(_atUs: number, site: Site): void {
    this.#tell(site, 'power on', { kind: this.#nowUs === 0 ? 'work' : 'power' });
  }

  get #nowUs(): number {
    return this.#run?.bench.kernel.nowUs ?? 0;
  }

  #tell(who: string, text: string, more: Partial<Pick<StoryEvent, 'kind' | 'heap'>> = {}): void {
    this.events.push({ atUs: this.#nowUs, who, text, kind: 'work', ...more });
  }

  #noteRisk(site: Site): void {
    const disks = this.#run?.bench.disks(site) ?? new Map();
    this.#atRisk[site] = new Map([...disks].map(([name, disk]) => [name, disk.atRisk()]));
  }

  /** Which of the writes at risk are on the medium after a power cut, sector by sector. */
  #survivedText(site: Site, name: DiskName, writes: readonly UnflushedWrite[]): string | undefined {
    const disk = this.#run?.bench.disks(site).get(name);
    const held = writes.flatMap(({ extents }) =>
      extents.flatMap(({ first, data }) => (data === undefined ? [] : heldIn(data, first))),
    );
    if (disk === undefined || held.length === 0) return undefined;
    const isThere = ({ sector, number, lba }: (typeof held)[number]) => {
      const [now] = heldIn(disk.peek(sector, 1), sector);
      return now?.number === number && now.lba === lba;
    };
    const kept = held.filter(isThere);
    const lost = held.filter((each) => !isThere(each));
    const texts = [
      ...(lost.length === 0 ? [] : [`lost ${contentText(lost)}`]),
      ...(kept.length === 0 ? [] : [`kept ${contentText(kept)}`]),
    ];
    return texts.join('; ');
  }
}

function answerText(answer: Message | { readonly refusal: Refusal }): string {
  if ('refusal' in answer) return `${answer.refusal.code}: ${answer.refusal.detail}`;
  return 'generation' in answer ? `${answer.kind} ${answer.generation}` : answer.kind;
}

function hex(value: number | undefined): string {
  return (value ?? 0).toString(16).padStart(2, '0');
}
