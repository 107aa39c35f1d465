/** What the sub says that it has committed, held against what is known of it: it must neither fall behind nor run ahead. */

export interface Claim {
  readonly committed: number;
  readonly structured: number;
}

export interface ClaimOptions {
  /** From before the sub was asked: generations that main, or a mark of the models, has told of; 0 for none. */
  readonly known: Claim;
  /** The generations that this run has made. */
  readonly made: readonly number[];
  /** Asks main how far the pair has come: only where a generation may be of an earlier run, which boards keep. */
  readonly askMain: () => Promise<{ readonly frozen: number; readonly committed: number }>;
}

/** What is wrong with a claim, in lines that say what was expected; none when it can be. */
export async function claimLines(claim: Claim, { known, made, askMain }: ClaimOptions): Promise<string[]> {
  const { committed, structured } = claim;
  const expected = `expected: ${expectedText(known, made)}`;
  if (committed < known.committed) return [`the sub says generation ${committed}; ${expected}`];
  if (committed === known.structured && structured < committed) {
    return [`the sub says that generation ${structured} is structured; main has told of generation ${committed}`];
  }
  if (committed === 0 || made.includes(committed)) return [];
  const isOlder = made.every((each) => committed < each);
  const main = isOlder ? await askMain() : undefined;
  if (main === undefined) return [`the sub says generation ${committed}; ${expected}`];
  if (main.committed <= committed && committed <= main.frozen) return [];
  const ofMain = `main has frozen generation ${main.frozen} and knows generation ${main.committed} to be committed`;
  return [`the sub says generation ${committed}; ${expected}; ${ofMain}`];
}

function expectedText({ committed }: Claim, made: readonly number[]): string {
  const later = made.filter((each) => each > committed);
  if (committed === 0)
    return made.length === 0 ? 'none, nothing has been frozen' : `one of those frozen, ${listOf(later)}`;
  return later.length === 0
    ? `generation ${committed}`
    : `generation ${committed}, or one frozen since, ${listOf(later)}`;
}

const shownMax = 8;

const listOf = (numbers: readonly number[]): string =>
  `${numbers.length > shownMax ? '…, ' : ''}${numbers.slice(-shownMax).join(', ')}`;
