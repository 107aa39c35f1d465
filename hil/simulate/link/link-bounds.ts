/**
 * What a run of the link may take: how long until all is delivered once nothing goes wrong any more, and how many bytes on
 * the line. The bounds are loose: they are there for what never ends.
 */
import { bitTimesPerByte } from '../line-model.js';
import type { LinkPlan } from './link-plan.js';

/** Timers may have grown to this by what went wrong before: twice the round trip of a line that stalled for 3 s. */
const settlingUs = 60_000_000;
/** Bytes on the line for each byte of a message at the smallest frames, with acknowledgements. */
const overheadFactor = 2;
/** What any message takes besides: its envelope, its frame's header, an acknowledgement. */
const messageOverheadBytes = 200;
/** An end that nobody answers asks once a second. */
export const idleUsPerByte = 5_000;

/** Bytes on the line when nothing has to be repeated; every message counts, in whichever session it is sent. */
export function bytesPlanned({ operations }: LinkPlan): number {
  const bytes = operations.map((each) => (each.kind === 'send' ? each.bytes + messageOverheadBytes : 0));
  return overheadFactor * bytes.reduce((sum, each) => sum + each, 0) + 5_000;
}

/** What may be repeated for each fault, cut, restart and power on: all that is on its way in all queues. */
export function bytesPerTrouble(plan: LinkPlan): number {
  const { a, b } = plan.configuration;
  const windows = 3 * (a.windowBytes + b.windowBytes);
  return Math.min(bytesPlanned(plan), overheadFactor * windows) + 2_000;
}

/** Within this time after the last fault, operation and power on everything is delivered and acknowledged. */
export function deliveryUs(plan: LinkPlan): number {
  const { baud, latencyUs, a, b } = plan.configuration;
  const usPerByte = baud === 0 ? 0 : (bitTimesPerByte * 1_000_000) / baud;
  const frameUs = usPerByte * Math.min(a.framePayloadMax, b.framePayloadMax);
  const roundTrips = 40 + bytesPlanned(plan) / Math.min(a.windowBytes, b.windowBytes);
  const roundTripUs = 2 * latencyUs + 4 * frameUs + 50_000;
  return Math.ceil(settlingUs + 2 * usPerByte * bytesPlanned(plan) + roundTrips * roundTripUs);
}
