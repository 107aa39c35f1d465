/**
 * Powers a controller on over given disks with no line to anybody, and lets it do whatever it does until nothing is left
 * to do. Disks take no time and commands end in the order in which they were given.
 */
import type { Device, DeviceEffect, DiskName } from '../../protocol/device.js';
import type { Refusal } from '../../protocol/refusals.js';
import type { Completion } from '../../protocol/scsi/commands.js';
import type { DiskSet } from './plan-bench.js';

/** More commands than any recovery of a small bench takes: past it the controller runs in circles. */
const commandsMax = 100_000;
const entropy = Buffer.alloc(32, 0x5a);

export interface AloneListener {
  /** It has read its records back and works. */
  running?(): void;
  /** A disk command has begun: what it writes is at risk. */
  commandBegun?(): void;
  /** A disk command has ended; the device has not heard of it yet. */
  commandEnded?(): void;
}

/** Returns why it halted, or undefined when it runs. Throws when it never comes to rest. */
export function recoverAlone(device: Device, disks: DiskSet, listener: AloneListener = {}): Refusal | undefined {
  const queue: Extract<DeviceEffect, { kind: 'disk' }>[] = [];
  let halted: Refusal | undefined;
  const take = (effects: readonly DeviceEffect[]) => {
    for (const effect of effects) {
      if (effect.kind === 'disk') queue.push(effect);
      else if (effect.kind === 'halted') halted = effect.refusal;
      else if (effect.kind === 'mark' && effect.name === 'running') listener.running?.();
    }
  };
  const capacities = new Map<DiskName, number>([...disks].map(([name, { sectors }]) => [name, sectors]));
  take(device.step({ kind: 'powerOn', entropy, capacities }, 0));
  for (let commands = 0; queue.length > 0; commands += 1) {
    if (commands > commandsMax) throw new Error('invariant broken: a controller alone never comes to rest');
    const next = queue.shift();
    if (next === undefined) break;
    const completion = carryOut(disks, next, listener);
    listener.commandEnded?.();
    take(device.step({ kind: 'disk', tag: next.tag, completion }, 0));
  }
  return halted;
}

function carryOut(
  disks: DiskSet,
  { disk, command }: Extract<DeviceEffect, { kind: 'disk' }>,
  listener: AloneListener,
): Completion {
  const found = disks.get(disk);
  if (found === undefined) throw new Error(`invariant broken: no disk is called ${disk}`);
  const due: (() => void)[] = [];
  let ended: Completion | undefined;
  found.begin(
    command,
    (_, action) => due.push(action),
    (completion) => {
      ended = completion;
    },
  );
  listener.commandBegun?.();
  for (let action = due.shift(); action !== undefined && ended === undefined; action = due.shift()) action();
  if (ended === undefined) throw new Error('invariant broken: a healthy disk ends its commands');
  return ended;
}
