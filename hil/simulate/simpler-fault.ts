/** Faults that do less than a given one, or do it more plainly, the plainest first. */
import type { DiskEffect, Fault, LineEffect, PowerFault, Survival } from './plan.js';

/** What a power cut leaves, from the plainest. */
export const plainSurvivals: readonly Survival[] = [
  { sectors: 'none', torn: 'no', seed: 0 },
  { sectors: 'all', torn: 'no', seed: 0 },
  { sectors: 'some', torn: 'no', seed: 0 },
  { sectors: 'some', torn: 'no', seed: 1 },
  { sectors: 'none', torn: 'prefix', seed: 0 },
  { sectors: 'all', torn: 'prefix', seed: 0 },
];

export function simplerFaults(fault: Fault): readonly Fault[] {
  switch (fault.kind) {
    case 'line':
      return simplerLineEffects(fault.effect).map((effect) => ({ ...fault, effect }));
    case 'disk':
      return simplerDiskEffects(fault.effect).map((effect) => ({ ...fault, effect }));
    case 'power': {
      const { olderDisks, olderEffects, foreignArea, ...plain } = fault;
      return [
        ...((foreignArea ?? olderEffects) === undefined ? [] : [plain]),
        ...rounder(olderEffects ?? 0, 1).map((less) => ({ ...fault, olderEffects: less })),
        ...(olderDisks === undefined ? [] : [plain]),
        ...(olderDisks === undefined || olderDisks === 1 ? [] : [{ ...fault, olderDisks: 1 }]),
        ...(fault.disksStayOn === undefined ? [] : [withoutStay(fault)]),
        ...(fault.who === 'both' ? (['main', 'sub'] as const).map((who) => ({ ...fault, who })) : []),
        ...simplerSurvivals(fault.survival).map((survival) => ({ ...fault, survival })),
        ...rounder(fault.offUs, 1).map((offUs) => ({ ...fault, offUs })),
      ];
    }
    case 'pause':
      return rounder(fault.us, 1).map((us) => ({ ...fault, us }));
    case 'host': {
      const { knows, heard, ...plain } = fault;
      return [
        ...((knows ?? heard) === undefined ? [] : [plain]),
        ...(knows && heard
          ? [
              { ...plain, knows },
              { ...plain, heard },
            ]
          : []),
        ...rounder(fault.offUs, 1).map((offUs) => ({ ...fault, offUs })),
        ...rounder(fault.atUs, 0).map((atUs) => ({ ...fault, atUs })),
      ];
    }
  }
}

function withoutStay({ disksStayOn: _, ...fault }: PowerFault): Fault {
  return fault;
}

/** Plainer than this one: all of `plainSurvivals` before it. */
export function simplerSurvivals(survival: Survival): readonly Survival[] {
  const index = plainSurvivals.findIndex(
    ({ sectors, torn, seed }) => sectors === survival.sectors && torn === survival.torn && seed === survival.seed,
  );
  const { sectors, seed } = survival;
  const notTorn: Survival[] = survival.torn === 'no' || sectors !== 'some' ? [] : [{ sectors, torn: 'no', seed }];
  return index === -1 ? [...plainSurvivals, ...notTorn] : plainSurvivals.slice(0, index);
}

/** Powers of ten from `min` on that are less than this, and the one below it. */
export function rounder(value: number, min: number): readonly number[] {
  const found: number[] = [];
  for (let power = min; power < value; power = power === 0 ? 1 : power * 10) found.push(power);
  return found;
}

/** Effects from the plainest: a frame that is lost, one byte that is wrong. */
const plainLineEffects: readonly LineEffect[] = [{ kind: 'dropFrame' }, { kind: 'burst', at: 0, bytes: 1, xor: 1 }];

function simplerLineEffects(effect: LineEffect): readonly LineEffect[] {
  switch (effect.kind) {
    case 'dropFrame':
      return [];
    case 'stall':
      return rounder(effect.us, 1).map((us) => ({ ...effect, us }));
    case 'disconnect':
      return [
        ...plainLineEffects,
        ...rounder(effect.us, 1).map((us) => ({ ...effect, us })),
        ...smaller(effect.at).map((at) => ({ ...effect, at })),
      ];
    case 'stale':
      return [
        ...plainLineEffects,
        { kind: 'duplicateFrame', copies: 1 },
        ...smaller(effect.framesAgo - 1).map((less) => ({ ...effect, framesAgo: less + 1 })),
      ];
    case 'duplicateFrame':
      return effect.copies === 1 ? [] : [{ ...effect, copies: 1 }];
    case 'forge':
    case 'forgeData':
      return simplerBytes(effect);
    default:
      return [...plainLineEffects.slice(0, isPlain(effect) ? 1 : 2), ...simplerNumbers(effect)];
  }
}

function isPlain(effect: LineEffect): boolean {
  return effect.kind === 'burst' && effect.at === 0 && effect.bytes === 1 && effect.xor === 1;
}

type SmallLineEffect = Exclude<
  LineEffect,
  { readonly kind: 'dropFrame' | 'stall' | 'disconnect' | 'stale' | 'duplicateFrame' | 'forge' | 'forgeData' }
>;

function simplerNumbers(effect: SmallLineEffect): readonly LineEffect[] {
  switch (effect.kind) {
    case 'flip':
      return effect.bits.length === 1 ? [] : effect.bits.map((bit) => ({ ...effect, bits: [bit] }));
    case 'insertBytes':
      return effect.hex === '01'
        ? []
        : [{ ...effect, hex: '01' }, ...smaller(effect.at).map((at) => ({ ...effect, at }))];
    case 'length':
      return effect.xor === 1 ? [] : [{ ...effect, xor: 1 }];
    case 'checksum':
      return effect.xor === 1 ? [] : [{ ...effect, byte: 0, xor: 1 }];
    case 'burst':
    case 'dropBytes':
    case 'duplicateBytes':
      return [
        ...smaller(effect.bytes - 1).map((less) => ({ ...effect, bytes: less + 1 })),
        ...smaller(effect.at).map((at) => ({ ...effect, at })),
      ];
    case 'delimiter':
    case 'overrun':
      return smaller(effect.at).map((at) => ({ ...effect, at }));
  }
}

function simplerDiskEffects(effect: DiskEffect): readonly DiskEffect[] {
  switch (effect.kind) {
    case 'error':
      return effect.sense === 'busy'
        ? []
        : [
            { kind: 'error', sense: 'busy' },
            { kind: 'error', sense: 'medium' },
          ];
    case 'corrupt':
      return simplerBytes(effect);
    case 'misdirect':
      return [1, 8].filter((sectors) => sectors < effect.sectors).map((sectors) => ({ ...effect, sectors }));
    case 'slow':
      return [
        ...(effect.restarts === undefined && effect.cutsLineUs === undefined
          ? []
          : [{ kind: effect.kind, us: effect.us }]),
        ...rounder(effect.cutsLineUs ?? 0, 1).map((cutsLineUs) => ({ ...effect, cutsLineUs })),
        ...rounder(effect.us, 1).map((us) => ({ ...effect, us })),
      ];
    case 'sticky':
      return [{ kind: 'error', sense: 'medium' }];
    case 'lose':
    case 'stale':
    case 'reset':
      return [];
  }
}

function simplerBytes<Effect extends { readonly at: number; readonly xor: number }>(effect: Effect): readonly Effect[] {
  const { at, xor } = effect;
  if (xor !== 1)
    return [
      { ...effect, at: 0, xor: 1 },
      { ...effect, xor: 1 },
    ];
  return smaller(at).map((less) => ({ ...effect, at: less }));
}

/** 0 and some steps on the way to it. */
function smaller(value: number): readonly number[] {
  return [...new Set([0, 1, Math.floor(value / 16), Math.floor(value / 2)])].filter((each) => each < value);
}
