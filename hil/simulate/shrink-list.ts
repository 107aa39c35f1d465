/** Takes out of a list what is not needed, in chunks that get smaller (delta debugging; Zeller and Hildebrandt, 2002). */

/** From so many down, pairs are tried too: two that are of no use without each other. */
const pairsMax = 12;

/**
 * Tries a shorter list. Returns the list that is to be shortened further, as long as the candidate: itself, or one with
 * its entries adjusted; undefined when it does not do.
 */
export type Attempt<T> = (candidate: readonly T[]) => readonly T[] | undefined;

/** Returns the shortest list that did, or `list` itself. */
export function shrinkList<T>(list: readonly T[], attempt: Attempt<T>): readonly T[] {
  if (list.length === 0) return list;
  const none = attempt([]);
  if (none !== undefined) return none;
  let shortest = list;
  for (let size = Math.ceil(list.length / 2); size > 0; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    shortest = withoutChunks(shortest, size, attempt);
  }
  return shortest.length <= pairsMax ? withoutPairs(shortest, attempt) : shortest;
}

/** From the end on: what comes late is needed least. */
function withoutChunks<T>(list: readonly T[], size: number, attempt: Attempt<T>): readonly T[] {
  let shortest = list;
  for (let at = list.length - size; at > -size && shortest.length > 1; at -= size) {
    const candidate = [...shortest.slice(0, Math.max(0, at)), ...shortest.slice(Math.max(0, at + size))];
    if (candidate.length < shortest.length) shortest = attempt(candidate) ?? shortest;
  }
  return shortest;
}

function withoutPairs<T>(list: readonly T[], attempt: Attempt<T>): readonly T[] {
  for (let second = list.length - 1; second > 0; second -= 1) {
    for (let first = second - 1; first >= 0; first -= 1) {
      const candidate = list.filter((_, index) => index !== first && index !== second);
      const shorter = candidate.length === 0 ? undefined : attempt(candidate);
      if (shorter !== undefined) return withoutPairs(shorter, attempt);
    }
  }
  return list;
}
