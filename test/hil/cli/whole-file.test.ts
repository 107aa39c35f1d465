import {
  closeSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { writeWhole } from '../../../hil/cli/whole-file.js';
import { lockFile } from '../../../hil/run/lock.js';
import { RefusalError } from '../../../protocol/refusals.js';
import { temporaryFolder } from '../../temporary-folder.js';

describe('a file that is written whole or not at all', () => {
  const write = async (file: FileHandle): Promise<void> => {
    await file.write('new', 0);
  };
  const fail = async (file: FileHandle): Promise<void> => {
    await file.write('new', 0);
    throw new Error('the line was lost');
  };

  it('keeps what was there when the work fails, and leaves nothing beside it', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'image');
    writeFileSync(path, 'what was there');
    for (const to of [path, join(folder, 'none')]) {
      expect(await writeWhole(to, fail).catch((error: Error) => error.message)).to.equal('the line was lost');
    }
    expect(readFileSync(path, 'utf8')).to.equal('what was there');
    expect(readdirSync(folder)).to.deep.equal(['image']);
  });

  it('takes the place of a file, with its permissions, also behind a link', async () => {
    const folder = temporaryFolder();
    const [path, link] = [join(folder, 'image'), join(folder, 'link')];
    writeFileSync(path, 'what was there', { mode: 0o600 });
    symlinkSync(path, link);
    await writeWhole(link, write);
    expect(readFileSync(path, 'utf8')).to.equal('new');
    expect(statSync(path).mode & 0o777).to.equal(0o600);
    expect(lstatSync(link).isSymbolicLink()).to.equal(true);
    expect(readdirSync(folder).sort()).to.deep.equal(['image', 'link']);
  });

  it('is refused where what is there is locked, as areas are', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'area');
    writeFileSync(path, 'an area');
    const holder = openSync(path, 'r+');
    try {
      expect(lockFile(holder, path, 'exclusive')).to.equal(true);
      const refused = await writeWhole(path, write).catch((error: unknown) => error);
      expect(refused).to.be.instanceOf(RefusalError).with.nested.property('refusal.code', 'file-in-use');
      expect(readFileSync(path, 'utf8')).to.equal('an area');
    } finally {
      closeSync(holder);
    }
  });

  it('leaves devices where they are', async () => {
    await writeWhole('/dev/null', write);
    expect(statSync('/dev/null').isCharacterDevice()).to.equal(true);
  });

  it('refuses a folder that is not there', async () => {
    const to = join(temporaryFolder(), 'none', 'image');
    expect(await writeWhole(to, write).catch((error: Error) => error.message)).to.match(/^file-missing/);
  });
});
