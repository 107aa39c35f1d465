import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { runProcess } from '../../../hil/bench/processes.js';
import { parseReport } from '../../../hil/report/json.js';
import { methods } from '../../../protocol/ids.js';
import { temporaryFolder } from '../../temporary-folder.js';

describe('coldframe demo', () => {
  it('shows each method once, right, with a report each, in plain text', async () => {
    const cwd = temporaryFolder();
    const { exitCode, stdout, stderr } = await runProcess(['demo'], { cwd });
    expect([exitCode, stderr]).to.deep.equal([0, '']);
    expect(stdout).not.to.include('\u001b');
    for (const method of methods) {
      expect(stdout)
        .to.match(new RegExp(`^${method}$`, 'm'))
        .and.to.match(new RegExp(`^${method} .* ✓ right$`, 'm'));
      const path = join('coldframe-out', 'demo', method);
      expect(stdout).to.include(join(path, 'report.html'));
      const record = parseReport(readFileSync(join(cwd, path, 'report.json'), 'utf8'));
      expect(record).to.include({ method, verdict: 'passed' });
      expect(record.generations.map(({ verdict }) => verdict)).to.deep.equal(['passed', 'passed']);
    }
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).to.be.lessThan(110);
  });
});
