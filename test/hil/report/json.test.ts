import { expect } from 'chai';
import { parseReport, reportJson } from '../../../hil/report/json.js';
import { RefusalError } from '../../../protocol/refusals.js';
import { sampleRecord } from './sample-record.js';

describe('report.json', () => {
  it('is the record, and is read back as it was', () => {
    const record = sampleRecord({ wrong: true });
    expect(JSON.parse(reportJson(record))).to.deep.equal(record);
    expect(parseReport(reportJson(record))).to.deep.equal(record);
  });

  it('has a line for each write, event and check', () => {
    const record = sampleRecord({ writes: 3 });
    const lines = reportJson(record).split('\n');
    expect(lines.filter((line) => line.includes('"us":')).length).to.equal(3);
    expect(lines.filter((line) => line.startsWith('  {"atUs":') && line.includes('"kind"')).length).to.equal(
      record.events.length,
    );
  });

  const broken: [string, (text: string) => string, string][] = [
    ['text that is not JSON', (text) => text.slice(0, -3), 'the report is not JSON'],
    ['another version', (text) => text.replace('"version": 2', '"version": 1'), 'version: '],
    ['an unknown state of blocks', (text) => text.replace('"states":"', '"states":"q5'), 'blockMaps.0.states: '],
    ['a field that nobody knows', (text) => text.replace('"seed"', '"seeds"'), 'seed: '],
  ];
  for (const [what, change, place] of broken) {
    it(`refuses ${what} and names the place`, () => {
      expect(() => parseReport(change(reportJson(sampleRecord())))).to.throw(RefusalError, place);
    });
  }
});
