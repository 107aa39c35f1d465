import { closeSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { temporaryFolder } from '../../../../hil/bench/processes.js';
import type { DiskPort } from '../../../../hil/run/disks/disk-port.js';
import { fileMedium, LocalDisk, memoryMedium } from '../../../../hil/run/disks/local-disk.js';
import type { Completion, MediumCommand } from '../../../../protocol/scsi/commands.js';

const sector = Buffer.alloc(512, 0xa5);
const submit = (disk: DiskPort, command: MediumCommand) =>
  new Promise<Completion>((resolve) => disk.submit(command, resolve));

describe('a disk in this process', () => {
  it('in memory ends every command at once', () => {
    const disk = new LocalDisk({ medium: memoryMedium(4096) });
    const ended: string[] = [];
    const take = ({ status }: Completion) => ended.push(status);
    disk.submit({ op: 'write', lba: 7, data: sector, fua: true }, take);
    disk.submit({ op: 'synchronizeCache', lba: 0, sectors: 0 }, take);
    disk.submit({ op: 'read', lba: 7, sectors: 1 }, (completion) => {
      take(completion);
      expect(completion.status === 'good' && sector.equals(completion.data)).to.equal(true);
    });
    disk.submit({ op: 'read', lba: 8, sectors: 1 }, take);
    expect(disk.sectors).to.equal(8);
    expect(ended).to.deep.equal(['good', 'good', 'good', 'checkCondition']);
  });

  describe('over a file', () => {
    let folder: Awaited<ReturnType<typeof temporaryFolder>>;
    let path: string;

    beforeEach(async () => {
      folder = await temporaryFolder();
      path = join(folder.path, 'disk.img');
    });
    afterEach(() => folder.remove());

    it('puts into the file what was flushed or forced, and the rest when it is closed', async () => {
      const disk = new LocalDisk({ medium: fileMedium({ path, sizeBytes: 4096 }) });
      const at = (lba: number) =>
        readFileSync(path)
          .subarray(lba * 512, lba * 512 + 512)
          .equals(sector);
      await submit(disk, { op: 'write', lba: 1, data: sector });
      expect(at(1), 'cached').to.equal(false);
      await submit(disk, { op: 'write', lba: 2, data: sector, fua: true });
      expect([at(1), at(2)], 'forced').to.deep.equal([false, true]);
      await submit(disk, { op: 'synchronizeCache', lba: 0, sectors: 0 });
      expect(at(1), 'flushed').to.equal(true);
      await submit(disk, { op: 'write', lba: 3, data: sector });
      await Promise.all([disk.close(), disk.close()]);
      expect(at(3), 'closed').to.equal(true);
    });

    it('reports what the file cannot give as a medium error, and says why', async () => {
      const trouble: string[] = [];
      const disk = new LocalDisk({
        medium: fileMedium({ path, sizeBytes: 4096 }),
        onTrouble: (each) => trouble.push(each),
      });
      truncateSync(path, 512);
      const completion = await submit(disk, { op: 'read', lba: 4, sectors: 1 });
      expect(completion.status === 'checkCondition' && completion.sense.key).to.equal('mediumError');
      expect(trouble.join()).to.contain(path);
      truncateSync(path, 4096);
      await disk.close();
    });

    it('reads what is in a file that was there', async () => {
      const fd = openSync(path, 'w');
      writeSync(fd, sector, 0, 512, 512);
      closeSync(fd);
      const disk = new LocalDisk({ medium: fileMedium({ path }) });
      const completion = await submit(disk, { op: 'read', lba: 1, sectors: 1 });
      await disk.close();
      expect(completion.status === 'good' && sector.equals(completion.data)).to.equal(true);
    });
  });
});
