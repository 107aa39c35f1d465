/**
 * Accepts a new image in the place of a golden one. Nothing is forgotten: the digest of what was golden until now
 * goes into the history, with where it came from.
 */
import type { Golden } from './golden.js';

/** The new golden image: contents of `next`, history of `previous` and `previous` itself. */
export function acceptGolden(previous: Golden, next: Golden, by: { createdBy: string; note: string }): Golden {
  const { history, ...origin } = previous.provenance;
  return {
    ...next,
    provenance: { ...next.provenance, ...by, history: [...history, { ...origin, digest: previous.digest }] },
  };
}
