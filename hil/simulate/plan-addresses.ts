/**
 * When each address of a plan came up in a run: the 7th write to staging0, frame 12 from main to sub, the 40th effect of
 * the sub. A plan that does less gets to other numbers at the same time: its faults are moved along.
 */
import type { DiskName, PortName } from '../../protocol/device.js';
import type { MediumCommand } from '../../protocol/scsi/commands.js';
import { operationOf } from './disk-faults.js';
import { counterOf, type Fault, type Plan, type Site } from './plan.js';
import type { PlanWitness } from './run-plan.js';

/** What puts frames on which direction of which line. */
const directions: Readonly<Record<string, string>> = {
  'host target': 'host there',
  'main host': 'host back',
  'main remote': 'remote there',
  'sub remote': 'remote back',
  'subHost target': 'subHost there',
  'sub host': 'subHost back',
};

export class PlanAddresses implements PlanWitness {
  /** Times of each stream of numbers, from number 1 on. */
  readonly #times = new Map<string, number[]>();
  /** Faults that did something. */
  readonly met = new Set<Fault>();
  /** Events that devices took. */
  steps = 0;

  stepped(): void {
    this.steps += 1;
  }

  commanded(atUs: number, site: Site, disk: DiskName, command: MediumCommand): void {
    this.#note(`${site} ${disk} ${operationOf(command)}`, atUs);
    this.#note(site, atUs);
  }

  sent(atUs: number, device: string, port: PortName): void {
    this.#note(directions[`${device} ${port}`] ?? device, atUs);
    if (device === 'main' || device === 'sub') this.#note(device, atUs);
  }

  applied(_atUs: number, fault: Fault): void {
    this.met.add(fault);
  }

  /** The number that came up in `later` when `number` did here; of several at one time the one in the same place. */
  moved(stream: string, number: number, later: PlanAddresses): number {
    const here = this.#times.get(stream) ?? [];
    const there = later.#times.get(stream) ?? [];
    const atUs = here[number - 1];
    if (atUs === undefined || there.length === 0) return number;
    const place = number - 1 - here.indexOf(atUs);
    const from = there.findIndex((each) => each >= atUs);
    if (from === -1) return there.length;
    if (there[from] === atUs) return Math.min(from + place, there.lastIndexOf(atUs)) + 1;
    const isBeforeNearer = from > 0 && atUs - (there[from - 1] ?? 0) < (there[from] ?? 0) - atUs;
    return isBeforeNearer ? from : from + 1;
  }

  #note(stream: string, atUs: number): void {
    const times = this.#times.get(stream);
    if (times === undefined) this.#times.set(stream, [atUs]);
    else times.push(atUs);
  }
}

/** `plan` with its faults at the times at which they were in the run of `before`; `after` is of a run of `plan`. */
export function withFaultsMoved(plan: Plan, before: PlanAddresses, after: PlanAddresses): Plan {
  const moved = (stream: string, number: number) => before.moved(stream, number, after);
  const faults = plan.faults.map((fault) => movedFault(fault, moved));
  const { crash } = plan;
  if (crash?.afterEffects === undefined) return { ...plan, faults };
  return { ...plan, faults, crash: { ...crash, afterEffects: moved(crash.site, crash.afterEffects) } };
}

function movedFault(fault: Fault, moved: (stream: string, number: number) => number): Fault {
  switch (fault.kind) {
    case 'line':
      return { ...fault, frame: moved(`${fault.line} ${fault.direction}`, fault.frame) };
    case 'disk':
      return { ...fault, nth: moved(`${fault.site} ${fault.disk} ${fault.operation}`, fault.nth) };
    case 'host':
      return fault;
    case 'power':
    case 'pause':
      return { ...fault, afterEffects: moved(counterOf(fault), fault.afterEffects) };
  }
}
