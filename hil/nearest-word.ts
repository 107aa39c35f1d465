/** What somebody may have meant: `methdo` is near `method`. */

/** A word is near when it takes at most one change for each so many of its letters, and one more. */
const lettersPerChange = 3;

/** The nearest of `words` to `word`, whatever their case, or undefined when none is near. The first of equals. */
export function nearestWord(word: string, words: readonly string[]): string | undefined {
  let nearest: { readonly word: string; readonly changes: number } | undefined;
  for (const each of words) {
    const changes = changesBetween(word.toLowerCase(), each.toLowerCase());
    if (changes > Math.floor(Math.min(word.length, each.length) / lettersPerChange) + 1) continue;
    if (changes >= Math.max(word.length, each.length)) continue;
    if (nearest === undefined || changes < nearest.changes) nearest = { word: each, changes };
  }
  return nearest?.word;
}

/** Letters put in, left out, changed, or swapped with their neighbour (optimal string alignment). */
function changesBetween(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const isSame = a[i - 1] === b[j - 1];
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = isSwapped ? at(before, j - 2) + 1 : Number.POSITIVE_INFINITY;
      row.push(Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + (isSame ? 0 : 1), swapped));
    }
    before = last;
    last = row;
  }
  return at(last, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
