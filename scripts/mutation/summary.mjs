/** One row of docs/mutation.md from a report of Stryker's (mutation-testing-report-schema). */

/** Room, mutants, killed, timeout, survived, no coverage, left alone, score. */
export function summarise(room, { files }) {
  const all = Object.values(files).flatMap(({ mutants }) => mutants);
  const count = (status) => all.filter((each) => each.status === status).length;
  const [killed, timeout, survived, uncovered] = ['Killed', 'Timeout', 'Survived', 'NoCoverage'].map(count);
  const mutants = killed + timeout + survived + uncovered;
  const score = ((100 * (killed + timeout)) / mutants).toFixed(1);
  const row = [room, mutants, killed, timeout, survived, uncovered, count('Ignored'), `${score} %`];
  return `| ${row.join(' | ')} |`;
}
