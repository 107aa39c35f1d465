import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { parseReport } from '../../../hil/report/json.js';
import { writeReport } from '../../../hil/report/write-report.js';
import { sampleRecord } from './sample-record.js';

describe('writeReport', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'report-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('leaves the three reports in a directory that it makes', async () => {
    const into = join(directory, 'out', 'run');
    const paths = await writeReport(into, sampleRecord());
    expect(paths).to.deep.equal(['report.html', 'report.json', 'junit.xml'].map((name) => join(into, name)));
    expect((await readdir(into)).sort()).to.deep.equal(['junit.xml', 'report.html', 'report.json']);
    expect(parseReport(await readFile(join(into, 'report.json'), 'utf8'))).to.deep.equal(sampleRecord());
    expect(await readFile(join(into, 'report.html'), 'utf8')).to.match(/^<!doctype html>/);
    expect(await readFile(join(into, 'junit.xml'), 'utf8')).to.match(/^<\?xml/);
  });

  it('refuses a place where there can be no directory', async () => {
    const file = join(directory, 'file');
    await writeFile(file, '');
    const refused = await writeReport(join(file, 'out'), sampleRecord()).catch((error: Error) => error.message);
    expect(refused).to.match(/^file-missing/);
  });
});
