import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { readKeyFile } from '../../../hil/run/key-file.js';
import { RefusalError } from '../../../protocol/refusals.js';

const digits = '00112233445566778899aabbccddeeffFFEEDDCCBBAA99887766554433221100';

describe('a key file', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'coldframe-key-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const fileOf = (contents: string, mode = 0o600) => {
    const path = join(folder, 'key');
    writeFileSync(path, contents);
    chmodSync(path, mode);
    return path;
  };
  const refusalOf = (path: string) => {
    try {
      readKeyFile(path);
    } catch (error) {
      if (error instanceof RefusalError) return error.refusal;
      throw error;
    }
    return expect.fail('it was read');
  };

  for (const end of ['', '\n', ' \r\n\t']) {
    it(`is 64 hexadecimal digits, then ${JSON.stringify(end)}`, () => {
      const key = readKeyFile(fileOf(digits + end, 0o400));
      expect(Buffer.from(key).toString('hex')).to.equal(digits.toLowerCase());
    });
  }

  for (const [what, contents] of [
    ['one digit less', digits.slice(1)],
    ['one digit more', `${digits}0`],
    ['no hexadecimal digit', `g${digits.slice(1)}`],
    ['white space before the digits', ` ${digits}`],
    ['more than white space after them', `${digits}\n${digits}\n`],
    ['nothing', ''],
    ['very much white space', digits + ' '.repeat(100)],
  ] as const) {
    it(`is refused with ${what}, without a word of the contents`, () => {
      const path = fileOf(contents);
      expect(refusalOf(path)).to.deep.equal({ code: 'key-file-invalid', detail: path });
    });
  }

  for (const mode of [0o640, 0o604, 0o644, 0o620, 0o602]) {
    it(`is refused with mode ${mode.toString(8)}`, () => {
      expect(refusalOf(fileOf(digits, mode)).code).to.equal('key-file-exposed');
    });
  }

  it('is refused when it is missing, or no ordinary file', () => {
    expect(refusalOf(join(folder, 'none')).code).to.equal('file-missing');
    chmodSync(folder, 0o700);
    expect(refusalOf(folder).code).to.equal('key-file-invalid');
  });
});
