/** The faults of a plan as one disk meets them: found by the numbers of its commands. */
import type { MediumCommand } from '../../protocol/scsi/commands.js';
import type { DiskEffect, DiskEffectKind, DiskFaultPlan, DiskOperation } from './plan.js';

/** As which of the plan's operations a command counts: what changes the medium is a write, what only asks is a read. */
export function operationOf({ op }: MediumCommand): DiskOperation {
  if (op === 'synchronizeCache') return 'flush';
  return op === 'read' || op === 'verify' || op === 'getLbaStatus' ? 'read' : 'write';
}

export class DiskFaultBook {
  readonly #faults = new Map<string, DiskFaultPlan[]>();
  readonly #counts = { read: 0, write: 0, flush: 0 };

  constructor(faults: readonly DiskFaultPlan[]) {
    for (const fault of faults) {
      const key = keyOf(fault.operation, fault.nth);
      this.#faults.set(key, [...(this.#faults.get(key) ?? []), fault]);
    }
  }

  /** Counts a command and takes its faults out of the book. */
  take(command: MediumCommand): FaultsMet {
    const operation = operationOf(command);
    this.#counts[operation] += 1;
    if (this.#faults.size === 0) return none;
    const key = keyOf(operation, this.#counts[operation]);
    const faults = this.#faults.get(key);
    this.#faults.delete(key);
    return faults === undefined ? none : new FaultsMet(faults);
  }

  /** Forgets the faults that no command has met; commands go on being counted. */
  clear(): void {
    this.#faults.clear();
  }
}

/** A fault of the plan, with its effect of a known kind. */
export interface FaultMet<Kind extends DiskEffectKind> {
  readonly fault: DiskFaultPlan;
  readonly effect: Extract<DiskEffect, { readonly kind: Kind }>;
}

/** The faults of one command. */
export class FaultsMet {
  readonly #faults: readonly DiskFaultPlan[];

  constructor(faults: readonly DiskFaultPlan[]) {
    this.#faults = faults;
  }

  /** The first of this kind. */
  of<Kind extends DiskEffectKind>(kind: Kind): FaultMet<Kind> | undefined {
    for (const fault of this.#faults) {
      const { effect } = fault;
      if (isOf(effect, kind)) return { fault, effect };
    }
    return undefined;
  }
}

const none = new FaultsMet([]);

function isOf<Kind extends DiskEffectKind>(
  effect: DiskEffect,
  kind: Kind,
): effect is Extract<DiskEffect, { readonly kind: Kind }> {
  return effect.kind === kind;
}

function keyOf(operation: DiskOperation, nth: number): string {
  return `${operation} ${nth}`;
}
