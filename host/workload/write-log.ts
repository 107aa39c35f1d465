/**
 * What the host knows of its own writes, and what an image must therefore hold. Order is all that counts: each event
 * at the host takes the next index, no clock is read.
 *
 * In the image of a freeze is (semantics.md, rule 1, as a host sees it)
 * - every write whose acknowledgement had come before the freeze was sent;
 * - of those sent before the freeze's answer came and not yet acknowledged when the freeze was sent: those that the
 *   answer names;
 * - none that was sent after the answer.
 *
 * A write that never got an answer, because the session closed or the command failed, may have happened, sector by
 * sector. Its sectors are uncertain until they are written again.
 */
import { assert } from '../../protocol/ids.js';
import { lengthOf, SparseImage, type WriteContent } from './sparse-image.js';

/** A write as it is sent. */
export interface LoggedWrite {
  readonly tag: number;
  readonly volume: number;
  readonly offsetBytes: number;
  readonly content: WriteContent;
}

/** A freeze as the host saw it. */
export interface FreezeSeen {
  /** From `mark()`, when the instruction was sent for the first time. */
  readonly sentOrder: number;
  /** From `mark()`, when its answer came. */
  readonly answeredOrder: number;
  /** The tags in the answer. */
  readonly includedTags: Iterable<number>;
}

interface Entry extends LoggedWrite {
  readonly sentOrder: number;
  state:
    | { readonly kind: 'outstanding' }
    | { readonly kind: 'acknowledged'; readonly order: number }
    | { readonly kind: 'lost'; readonly order: number };
}

export class WriteLog {
  #order = 0;
  /** Writes that are in no image yet, in the order in which they were sent. */
  #pending: Entry[] = [];
  readonly #outstanding = new Map<number, Entry>();
  #newestFrozen: readonly SparseImage[];
  #frozenOrder = -1;

  /** Volumes of these sizes in bytes, all zeros unless `images` says otherwise. */
  constructor(volumes: readonly number[], blockBytes: number, images?: readonly SparseImage[]) {
    this.#newestFrozen = images ?? volumes.map((bytes) => new SparseImage(bytes / blockBytes, blockBytes));
  }

  /** Takes the next index, for something else that happened: a freeze sent or answered. */
  mark(): number {
    this.#order += 1;
    return this.#order;
  }

  /** A write was handed to the line. Its tag is not in use. */
  sent(write: LoggedWrite): void {
    assert(!this.#outstanding.has(write.tag), `tag ${write.tag} is free`);
    const entry: Entry = { ...write, sentOrder: this.mark(), state: { kind: 'outstanding' } };
    this.#pending.push(entry);
    this.#outstanding.set(write.tag, entry);
  }

  /** GOOD came back for a write. */
  acknowledged(tag: number): void {
    this.#end(tag, 'acknowledged');
  }

  /** A write ended otherwise: it may have happened or not. */
  failed(tag: number): void {
    this.#end(tag, 'lost');
  }

  /** The session closed: nothing that is outstanding will be answered any more. */
  sessionClosed(): void {
    for (const tag of [...this.#outstanding.keys()]) this.#end(tag, 'lost');
  }

  /** Writes sent and not yet ended. */
  get outstandingCount(): number {
    return this.#outstanding.size;
  }

  /**
   * The image that a freeze fixed, a volume after the other. Freezes are given in the order in which they were sent;
   * an image stands on the one before it, so that many generations cost what was written between them.
   */
  imageAt(freeze: FreezeSeen): readonly SparseImage[] {
    assert(freeze.sentOrder > this.#frozenOrder, 'freezes are given in order');
    const included = new Set(freeze.includedTags);
    const images = this.#newestFrozen.map((image) => image.copy());
    this.#pending = this.#pending.filter((entry) => !applied(images, entry, fate(entry, freeze, included)));
    this.#newestFrozen = images;
    this.#frozenOrder = freeze.sentOrder;
    return images.map((image) => image.copy());
  }

  /** What the volumes hold for a reader now: every acknowledged write; what is outstanding or was lost is uncertain. */
  newest(): readonly SparseImage[] {
    const images = this.#newestFrozen.map((image) => image.copy());
    for (const entry of this.#pending) applied(images, entry, entry.state.kind === 'acknowledged' ? 'in' : 'uncertain');
    return images;
  }

  #end(tag: number, kind: 'acknowledged' | 'lost'): void {
    const entry = this.#outstanding.get(tag);
    assert(entry !== undefined, `write ${tag} is outstanding`);
    this.#outstanding.delete(tag);
    entry.state = { kind, order: this.mark() };
  }
}

type Fate = 'in' | 'out' | 'uncertain';

/** Whether a write belongs to the image of a freeze. */
function fate({ sentOrder, state, tag }: Entry, freeze: FreezeSeen, included: ReadonlySet<number>): Fate {
  if (sentOrder > freeze.answeredOrder) return 'out';
  if (state.kind === 'acknowledged' && state.order < freeze.sentOrder) return 'in';
  const mayBeNamed = state.kind === 'outstanding' || state.order > freeze.sentOrder;
  if (mayBeNamed && included.has(tag)) return 'in';
  return state.kind === 'lost' && state.order < freeze.answeredOrder ? 'uncertain' : 'out';
}

/** Puts a write into the images as its fate says; true when it needs no further look. */
function applied(images: readonly SparseImage[], { volume, offsetBytes, content }: Entry, what: Fate): boolean {
  const image = images[volume];
  assert(image !== undefined, `there is a volume ${volume}`);
  if (what === 'in') image.write(offsetBytes, content);
  else if (what === 'uncertain') image.doubt(offsetBytes, lengthOf(content));
  return what !== 'out';
}
