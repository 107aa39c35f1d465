import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { type BenchProcess, startProcess, temporaryFolder } from '../../../hil/bench/processes.js';
import { type ExamineOptions, examineLine, type LineToExamine } from '../../../hil/doctor/examine.js';
import { readKeyFile } from '../../../hil/run/key-file.js';
import { openPtyLine } from '../../../hil/run/lines/open-line.js';
import { portPlaces } from '../../../hil/run/ports.js';
import type { Role } from '../../../protocol/session/endpoint-types.js';
import { BadCable } from './bad-cable.js';

const options: ExamineOptions = { places: portPlaces, patienceMs: 300 };
/** A process may be slow to answer where it shares its processor. */
const patient: ExamineOptions = { places: portPlaces, patienceMs: 10_000 };

/** "kind: what" of each finding at a line, and who answered. */
async function found(line: Pick<LineToExamine, 'address'> & Partial<LineToExamine>, with_ = options) {
  const { peer, findings } = await examineLine({ name: 'x', role: 'host', ...line }, with_);
  return { peer, kinds: findings.map(({ kind }) => kind), findings };
}

describe('a doctor at a line', () => {
  describe('to a model as a process', () => {
    let folder: Awaited<ReturnType<typeof temporaryFolder>>;
    let cable: BadCable;
    let remote: BadCable;
    const models: BenchProcess[] = [];
    const keyFile = (name: string) => {
      const path = join(folder.path, name);
      writeFileSync(path, randomBytes(32).toString('hex'), { mode: 0o600 });
      return path;
    };
    const startSub = async (...more: readonly string[]) => {
      const lines = ['--host', `serial:${cable.model.path}`, '--remote', `serial:${remote.model.path}`];
      const areas = ['--secondary', 'memory:1MiB', '--staging', 'memory:2MiB', '--meta', 'memory:8MiB'];
      models.push(await startProcess(['firmware', 'sub', ...lines, ...areas, ...more]));
    };
    const at = (line: BadCable, baud = 115_200) => `serial:${line.doctor.path}?baud=${baud}`;

    before(async () => {
      folder = await temporaryFolder();
      cable = new BadCable();
      remote = new BadCable();
      await startSub();
    });
    afterEach(() => cable.set('none'));
    after(async () => {
      await Promise.all(models.map((model) => model.kill()));
      await Promise.all([cable.close(), remote.close(), folder.remove()]);
    });

    it('finds nothing where the right one answers, at either port', async () => {
      expect(await found({ address: at(cable), expected: 'sub' }, patient)).to.deep.equal({
        ...{ peer: 'sub', kinds: [], findings: [] },
      });
      const asMain = await found({ address: at(remote), role: 'main', expected: 'sub' }, patient);
      expect(asMain).to.include({ peer: 'sub' }).and.to.have.deep.property('kinds', []);
    });

    it('tells the wrong controller from the wrong port', async () => {
      const swapped = await found({ address: at(cable), expected: 'main' }, patient);
      expect(swapped.kinds).to.deep.equal(['wrong-role']);
      expect(swapped.findings[0]?.what).to.equal('the sub controller is where the main controller should be');
      const port = await found({ address: at(remote), role: 'host', expected: 'sub' }, patient);
      expect(port.kinds).to.deep.equal(['wrong-role']);
      expect(port.findings[0]?.what).to.contain('not the port');
    });

    it('finds another version of the protocol', async () => {
      cable.set('other-version');
      const { kinds, findings, peer } = await found({ address: at(cable) }, patient);
      expect([kinds, peer]).to.deep.equal([['other-version'], undefined]);
      expect(findings[0]?.seen).to.contain('version 2');
    });

    it('finds the baud rate that the board speaks', async () => {
      cable.set('board-at-115200');
      const { kinds, findings } = await found({ address: at(cable, 921_600) }, { ...patient, patienceMs: 1500 });
      expect(kinds).to.deep.equal(['wrong-baud']);
      expect(findings[0]?.remedy).to.contain('?baud=115200');
    });

    it('finds noise', async () => {
      cable.set('noise');
      const noisy = await found({ address: at(cable) }, patient);
      expect([noisy.peer, noisy.kinds]).to.deep.equal(['sub', ['noise']]);
    });

    it('finds that its own side is not heard, and tells which side has no key from keys that differ', async () => {
      const key = readKeyFile(keyFile('other'));
      const needless = await found({ address: at(cable), key }, patient);
      expect([needless.kinds, needless.findings[0]?.what]).to.deep.equal([
        ['key-mismatch'],
        'this side has a key for this line and the other side has none',
      ]);
      await models[0]?.kill();
      const right = keyFile('right');
      cable.set('one-way');
      await startSub('--key-file', right);
      expect((await found({ address: at(cable) }, { ...patient, patienceMs: 2000 })).kinds).to.deep.equal(['one-way']);
      cable.set('none');
      const missing = await found({ address: at(cable) }, patient);
      expect(missing.findings[0]?.what).to.equal('the other side has a key for this line and this side has none');
      const wrong = await found({ address: at(cable), key }, patient);
      expect(wrong.findings[0]?.what).to.equal('the two sides hold different keys');
      const fitting = await found({ address: at(cable), key: readKeyFile(right) }, patient);
      expect([fitting.peer, fitting.kinds]).to.deep.equal(['sub', []]);
    });
  });

  describe('to something else', () => {
    const ends: Readonly<Record<string, (write: (bytes: Uint8Array) => unknown) => (bytes: Uint8Array) => void>> = {
      'no-answer': () => () => {},
      looped: (write) => write,
      console: (write) => () => write(Buffer.from('U-Boot 2024.01\r\nlogin: ')),
    };
    for (const [kind, answerer] of Object.entries(ends)) {
      it(`finds ${kind}`, async () => {
        const near = openPtyLine({ kind: 'pty' });
        near.on(
          'data',
          answerer((bytes) => near.write(bytes)),
        );
        const { kinds, peer } = await found({ address: `serial:${near.path}` });
        await near.close();
        expect([kinds, peer]).to.deep.equal([[kind], undefined]);
      });
    }

    it('finds garbage, which no baud rate makes sense of', async () => {
      const near = openPtyLine({ kind: 'pty' });
      near.on('data', () => near.write(Buffer.concat([randomBytes(50), Buffer.of(0)])));
      const { kinds, findings } = await found({ address: `serial:${near.path}` }, { ...options, patienceMs: 120 });
      await near.close();
      expect(kinds).to.deep.equal(['garbage']);
      expect(findings[0]?.remedy).to.contain('baud');
    });

    it('finds a line that does not open, and asks for no cable where there is none', async () => {
      expect((await found({ address: 'unix:/nonexistent/x' })).kinds).to.deep.equal(['unopened']);
      const listener = await found({ address: 'tcp-listen://127.0.0.1:0' });
      expect(listener.kinds).to.deep.equal(['unopened']);
      const { kinds, findings } = await found({ address: 'unix-listen:package.json' });
      expect([kinds, findings[0]?.remedy]).to.deep.equal([['unopened'], 'move that file away, or name another socket']);
    });

    it('takes anybody where nobody is expected, and a disk where one is', async () => {
      const folder = await temporaryFolder();
      const socket = join(folder.path, 's');
      const args = ['disk', '--line', `unix-listen:${socket}`, '--image', join(folder.path, 'd'), '--size', '1MiB'];
      const disk = await startProcess(args);
      const address = `unix:${socket}`;
      const results: [Role | undefined, readonly string[]][] = [];
      for (const expected of [undefined, 'disk', 'main'] as const) {
        const { peer, kinds } = await found({ address, role: expected === 'main' ? 'host' : 'sub', expected }, patient);
        results.push([peer, kinds]);
      }
      await disk.kill();
      await folder.remove();
      expect(results).to.deep.equal([
        ['disk', []],
        ['disk', []],
        ['disk', ['wrong-role']],
      ]);
    });
  });
});
