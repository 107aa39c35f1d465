/** What happens in a run of kills, drawn from a seed: rounds of one generation each, and the disturbances in them. */
import type { Random } from '../../hil/random.js';

export type Who = 'main' | 'sub' | 'both';

export type Disturbance =
  /** SIGKILL, then a start on the same files. */
  | {
      readonly kind: 'kill';
      readonly who: Who;
      /** Time until it is started again, in milliseconds. */
      readonly downMs: number;
      /** Killed once more while it starts, so many milliseconds after. */
      readonly againMs: number | undefined;
      /** A host that dies with its controller never repeats what was under way. */
      readonly host: 'stays' | 'dies';
      /** Disks that are processes of their own lose their power with the controller. */
      readonly disks: 'stay' | 'die';
    }
  /** Bytes on the line between the controllers get lost for a while. */
  | { readonly kind: 'cut'; readonly ms: number }
  /** The ports are gone for a while. */
  | { readonly kind: 'unplug'; readonly ms: number }
  /** A disk that is a process of its own loses its power, its controller does not. */
  | { readonly kind: 'kill disk'; readonly whose: 'main' | 'sub'; readonly downMs: number };

export interface Moment {
  /**
   * So many milliseconds after what was before it; as soon as the host has given the writes that follow the freeze, which
   * is in the middle of the transfer; or as soon as main knows that the generation is committed.
   */
  readonly at: number | 'transfer' | 'commit';
  readonly disturbance: Disturbance;
}

export interface Round {
  readonly writesBefore: number;
  /** Whether all writes have been acknowledged when the freeze is sent. */
  readonly freeze: 'quiet' | 'busy';
  /** What the host does while the image is on its way. */
  readonly writesAfter: 'none' | 'burst' | 'steady';
  readonly moments: readonly Moment[];
}

export interface PlanOptions {
  readonly rounds: number;
  /** Whether there are disks that are processes of their own. */
  readonly remoteDisks: boolean;
}

const momentsOfRound = 3;
const writesMin = 20;
const writesMax = 40;
const betweenMsMax = 500;
const downMsMax = 120;
const startMsMax = 450;
const cutMsMax = 700;

/** The rounds of a run. Kinds are dealt from shuffled decks: random, but none is left out of a long enough run. */
export function planOf(random: Random, { rounds, remoteDisks }: PlanOptions): Round[] {
  const kinds: Kind[] = remoteDisks ? [...kindsOfAll, 'disk of main', 'disk of sub'] : [...kindsOfAll];
  const deals = { kind: deck(random.fork('kinds'), kinds), shape: deck(random.fork('shapes'), shapes) };
  return Array.from({ length: rounds }, (_, round) => {
    const own = random.fork(round);
    const [freeze, writesAfter] = deals.shape();
    const moments = Array.from({ length: momentsOfRound }, () => momentOf(own, deals.kind()));
    const after = moments.some(isAboutDeferred) ? 'burst' : writesAfter;
    return { writesBefore: writesMin + own.below(writesMax - writesMin), freeze, writesAfter: after, moments };
  });
}

const kindsOfAll = [
  ...(['main in the transfer', 'main at commit', 'main and its host'] as const),
  ...(['sub', 'sub at commit', 'both', 'cut', 'unplug'] as const),
] as const;
type Kind = (typeof kindsOfAll)[number] | 'disk of main' | 'disk of sub';

const shapes = [
  ['quiet', 'burst'],
  ['busy', 'steady'],
  ['quiet', 'steady'],
  ['busy', 'burst'],
  ['quiet', 'none'],
] as const;

/** Kills of main while writes are deferred, or have come home and nothing was written since. */
function isAboutDeferred({ at, disturbance }: Moment): boolean {
  return at === 'transfer' || (at === 'commit' && disturbance.kind === 'kill' && disturbance.who === 'main');
}

function momentOf(random: Random, kind: Kind): Moment {
  const at = random.below(betweenMsMax);
  const kill = (who: Who, host: 'stays' | 'dies' = 'stays') => ({
    kind: 'kill' as const,
    who,
    downMs: random.below(downMsMax),
    againMs: random.below(4) === 0 ? 1 + random.below(startMsMax) : undefined,
    host,
    disks: random.below(3) === 0 ? ('die' as const) : ('stay' as const),
  });
  switch (kind) {
    case 'sub':
    case 'both':
      return { at, disturbance: kill(kind) };
    case 'main and its host':
      return { at, disturbance: kill('main', 'dies') };
    case 'main in the transfer':
      return { at: 'transfer', disturbance: kill('main') };
    case 'main at commit':
      return { at: 'commit', disturbance: kill('main') };
    case 'sub at commit':
      return { at: 'commit', disturbance: kill('sub') };
    case 'cut':
    case 'unplug':
      return { at, disturbance: { kind, ms: 1 + random.below(cutMsMax) } };
    case 'disk of main':
      return { at, disturbance: { kind: 'kill disk', whose: 'main', downMs: random.below(downMsMax) } };
    case 'disk of sub':
      return { at, disturbance: { kind: 'kill disk', whose: 'sub', downMs: random.below(downMsMax) } };
  }
}

/** Deals all of `cards` in random order, then all of them in another one. */
function deck<Card>(random: Random, cards: readonly Card[]): () => Card {
  let left: Card[] = [];
  return () => {
    if (left.length === 0) left = [...cards];
    const [card] = left.splice(random.below(left.length), 1);
    if (card === undefined) throw new Error('an empty deck');
    return card;
  };
}
