/** Makes an input that fails as short and as plain as it can be while it still fails. */

/** Candidates after which shrinking is good enough. */
const candidatesMax = 4000;

/** Shrinks with a test that answers at once. */
export function shrinkNow(input: Uint8Array, fails: (candidate: Uint8Array) => boolean): Uint8Array {
  let shortest = input;
  const shrinking = candidates(input);
  let step = shrinking.next();
  for (let tried = 0; !step.done && tried < candidatesMax; tried += 1) {
    const candidate = step.value;
    const failed = fails(candidate);
    if (failed) shortest = candidate;
    step = shrinking.next(failed);
  }
  return shortest;
}

/** The same with a test that takes its time; after `triesMax` tries the shortest so far is taken. */
export async function shrinkSlowly(
  input: Uint8Array,
  triesMax: number,
  fails: (candidate: Uint8Array) => Promise<boolean>,
): Promise<Uint8Array> {
  let shortest = input;
  const shrinking = candidates(input);
  let step = shrinking.next();
  for (let tried = 0; !step.done && tried < triesMax; tried += 1) {
    const candidate = step.value;
    const failed = await fails(candidate);
    if (failed) shortest = candidate;
    step = shrinking.next(failed);
  }
  return shortest;
}

/** Yields candidates; is told of each whether it fails too, and goes on from it if so. Returns the last that did. */
function* candidates(input: Uint8Array): Generator<Uint8Array, Uint8Array, boolean> {
  let best = input;
  for (let size = Math.ceil(best.length / 2); size > 0; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    best = yield* withoutStretches(best, size);
  }
  return yield* withPlainBytes(best);
}

/** Takes out stretches of `size` bytes, from the end on. */
function* withoutStretches(input: Uint8Array, size: number): Generator<Uint8Array, Uint8Array, boolean> {
  let best = input;
  for (let at = best.length - size; at > -size; at -= size) {
    const from = Math.max(0, at);
    const candidate = Buffer.concat([best.subarray(0, from), best.subarray(at + size)]);
    if (candidate.length < best.length && (yield candidate)) best = candidate;
  }
  return best;
}

function* withPlainBytes(input: Uint8Array): Generator<Uint8Array, Uint8Array, boolean> {
  let best = input;
  for (let at = 0; at < best.length; at += 1) {
    if (best[at] === 0) continue;
    const candidate = Uint8Array.from(best);
    candidate[at] = 0;
    if (yield candidate) best = candidate;
  }
  return best;
}
