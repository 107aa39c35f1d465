/**
 * How a check ends when it does not pass.
 */

/** The device did something else than the protocol says. */
export class Finding extends Error {
  override readonly name = 'Finding';
  /** What the protocol has the device do. */
  readonly expected: string;
  /** What it did. */
  readonly came: string;

  constructor(expected: string, came: string) {
    super(`expected ${expected}; came ${came}`);
    this.expected = expected;
    this.came = came;
  }
}

/** The check cannot be made here, and why. */
export class NotRun extends Error {
  override readonly name = 'NotRun';
}

/** The check cannot be made in the state that the device is in, out of which somebody has to bring it. */
export class Hindered extends NotRun {}

/** Throws a finding unless `holds`. */
export function demand(holds: boolean, expected: string, came: string | (() => string)): asserts holds {
  if (!holds) throw new Finding(expected, typeof came === 'string' ? came : came());
}
