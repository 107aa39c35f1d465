/**
 * One direction of a line to which a plan's faults happen: it counts the frames that it carries, from 1, and does to each
 * what is addressed to it. Nothing is drawn here: faults are data.
 */
import { damage } from './damage.js';
import type { Wire } from './kernel.js';
import type { Delivery, LineCounts } from './line-model.js';
import type { LineEffect } from './plan.js';

/** A fault of one direction: what happens to the frame with this number. */
export interface FrameFault {
  readonly frame: number;
  readonly effect: LineEffect;
}

export interface WireHooks<Fault extends FrameFault> {
  /** The line is to be lost at this time, for so long. What arrives before it arrives. */
  disconnect(atUs: number, forUs: number): void;
  /** A fault has found its frame and changed something. */
  applied(fault: Fault): void;
}

/** Most frames carry no data: a forgery waits for one that does, for so many. */
const forgeryFramesMax = 100;

export class FaultyWire<Fault extends FrameFault> implements Wire {
  readonly #model: Wire;
  readonly #hooks: WireHooks<Fault>;
  /** By the number of the frame; in the plan's order. */
  readonly #faults = new Map<number, Fault[]>();
  /** The last frames as they were handed over, the latest last: as many as a fault reaches back. */
  readonly #passed: Uint8Array[] = [];
  readonly #passedMax: number;
  /** A forgery that has met no data yet, and the last frame that it waits for. */
  #forgery: { readonly fault: Fault; readonly untilFrame: number } | undefined;
  #frames = 0;
  /** Nothing arrives before: the latest arrival so far, since a line does not reorder. */
  #arrivedUs = 0;

  constructor(model: Wire, faults: readonly Fault[], hooks: WireHooks<Fault>) {
    this.#model = model;
    this.#hooks = hooks;
    for (const fault of faults) this.#faults.set(fault.frame, [...(this.#faults.get(fault.frame) ?? []), fault]);
    this.#passedMax = faults.reduce(
      (most, { effect }) => Math.max(most, effect.kind === 'stale' ? effect.framesAgo : 0),
      0,
    );
  }

  get freeAtUs(): number {
    return this.#model.freeAtUs;
  }

  get counts(): LineCounts {
    return this.#model.counts;
  }

  /** Frames carried so far. */
  get frames(): number {
    return this.#frames;
  }

  carry(bytes: Uint8Array, nowUs: number): Delivery[] {
    this.#frames += 1;
    const passage = this.#passageOf(bytes);
    this.#remember(bytes);
    const deliveries = this.#model.carry(passage.bytes, nowUs).map((delivery) => {
      this.#arrivedUs = Math.max(this.#arrivedUs, delivery.atUs + passage.stallUs);
      return { atUs: this.#arrivedUs, bytes: delivery.bytes };
    });
    // What is lost takes its time all the same.
    if (passage.bytes.length < bytes.length) this.#model.carry(bytes.subarray(passage.bytes.length), nowUs);
    if (deliveries.length === 0) this.#arrivedUs = Math.max(this.#arrivedUs, nowUs + passage.stallUs);
    if (passage.disconnectUs > 0) this.#hooks.disconnect(this.#arrivedUs + 1, passage.disconnectUs);
    return deliveries;
  }

  /** What the faults addressed to this frame make of it, one after the other. */
  #passageOf(frame: Uint8Array): Passage {
    const passage: Passage = { bytes: frame, stallUs: 0, disconnectUs: 0 };
    for (const fault of this.#due()) {
      if (this.#apply(fault.effect, passage)) this.#hooks.applied(fault);
      else if (fault.effect.kind === 'forgeData' && this.#forgery === undefined)
        this.#forgery = { fault, untilFrame: fault.frame + forgeryFramesMax };
    }
    return passage;
  }

  /** Faults of this frame, and a forgery that has waited for data. */
  #due(): readonly Fault[] {
    const addressed = this.#faults.get(this.#frames) ?? [];
    const forgery = this.#forgery;
    if (forgery === undefined) return addressed;
    this.#forgery = undefined;
    return this.#frames > forgery.untilFrame ? addressed : [forgery.fault, ...addressed];
  }

  /** Whether the effect changed something. */
  #apply(effect: LineEffect, passage: Passage): boolean {
    const { bytes } = passage;
    switch (effect.kind) {
      case 'stall':
        passage.stallUs += effect.us;
        return true;
      case 'stale':
        return this.#append(effect.framesAgo, passage);
      case 'disconnect':
        passage.bytes = bytes.subarray(0, bytes.length === 0 ? 0 : effect.at % bytes.length);
        passage.disconnectUs = Math.max(passage.disconnectUs, effect.us);
        return true;
      default: {
        const damaged = damage(bytes, effect);
        passage.bytes = damaged ?? bytes;
        return damaged !== undefined;
      }
    }
  }

  #append(framesAgo: number, passage: Passage): boolean {
    const stale = this.#passed.at(-framesAgo);
    if (stale === undefined) return false;
    passage.bytes = Buffer.concat([passage.bytes, stale]);
    return true;
  }

  #remember(bytes: Uint8Array): void {
    if (this.#passedMax === 0) return;
    this.#passed.push(bytes);
    if (this.#passed.length > this.#passedMax) this.#passed.shift();
  }
}

/** One frame on its way. */
interface Passage {
  bytes: Uint8Array;
  /** How much later it arrives, and for how long the line is lost after it; 0 for not. */
  stallUs: number;
  disconnectUs: number;
}
