/** Longest line of a list. */
const widthMax = 110;

/** Words with commas between them in lines of a readable width; the first begins with `heading`, the others below it. */
export function wrapped(words: readonly string[], heading: string): string[] {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 2 + word.length <= widthMax) lines[lines.length - 1] = `${last}, ${word}`;
    else lines.push(`${lines.length === 0 ? heading : ' '.repeat(heading.length)}${word}`);
  }
  return lines.map((line, index) => (index < lines.length - 1 ? `${line},` : line));
}
