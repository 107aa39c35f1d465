/** docs/claims.md names a behaviour and a test for each of the sixteen claims, and each test exists. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';

const rows = [...readFileSync('docs/claims.md', 'utf8').matchAll(/^\| (\d+) \| ([^|]+) \| ([^|]+) \|$/gm)].map(
  ([, claim, behaviour, test]) => ({ claim: Number(claim), behaviour: behaviour?.trim(), test: test?.trim() ?? '' }),
);

/** Titles of tests as they stand in the sources; a part in braces stands for anything. */
function titles(): RegExp[] {
  const files = readdirSync('test', { withFileTypes: true, recursive: true }).filter(({ name }) =>
    name.endsWith('.test.ts'),
  );
  return files.flatMap((file) => {
    const text = readFileSync(join(file.parentPath, file.name), 'utf8');
    return [...text.matchAll(/\bit\(\s*(['`])((?:\\.|(?!\1).)*)\1/g)].map(([, , title = '']) => {
      // The nested templates of one title hold quotes of their own: what follows the first brace is anything.
      const parts = title.split(/\$\{[^}]*\}?/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
      return new RegExp(`^${parts.join('.*')}${title.includes('${') ? '.*' : ''}$`);
    });
  });
}

describe('docs/claims.md', () => {
  it('has a row for each of the sixteen claims', () => {
    expect(rows.map(({ claim }) => claim)).to.deep.equal(Array.from({ length: 16 }, (_, index) => index + 1));
  });

  it('names tests that exist', () => {
    const known = titles();
    expect(known.length).to.be.greaterThan(100);
    const missing = rows.filter(({ test }) => !known.some((title) => title.test(test)));
    expect(missing.map(({ claim, test }) => `${claim}: ${test}`)).to.deep.equal([]);
  });
});
