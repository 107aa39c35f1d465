import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { runProcess, startProcess, temporaryFolder } from '../../../hil/bench/processes.js';

const small = ['--writes', '8', '--freezes', '1', '--seed', '5'];

describe('a bench with another key on each of its lines', () => {
  let folder: { readonly path: string; remove(): Promise<void> };
  const keys = new Map<string, Buffer>();
  const at = (name: string) => join(folder.path, name);

  before(async () => {
    folder = await temporaryFolder();
    for (const name of ['hostMain', 'hostSub', 'mainSub', 'wrong']) {
      const key = randomBytes(32);
      keys.set(name, key);
      writeFileSync(at(name), key.toString('hex'), { mode: 0o600 });
    }
  });
  after(() => folder.remove());

  /** Runs the default scenario; `bench` without its keys. */
  const run = (bench: string, keyFiles: string, ...options: readonly string[]) => {
    writeFileSync(at('bench.yaml'), `${bench}volumes: [{size: 256KiB}]\nkeyFiles: ${keyFiles}\n`);
    return runProcess(['run', '--bench', 'bench.yaml', ...small, '--out', 'out', ...options], { cwd: folder.path });
  };

  it('passes on processes, and no key is in what they say, in a report or in a capture', async () => {
    const own = '{hostMain: hostMain, hostSub: hostSub, mainSub: mainSub}';
    const said: string[] = [];
    const { exitCode, stdout, stderr } = await run('kind: processes\n', own, '--capture', '--json');
    expect(exitCode, stderr).to.equal(0);
    said.push(stdout, stderr);
    for (const name of readdirSync(at('out'))) said.push(readFileSync(join(at('out'), name), 'latin1'));
    expect(said.length).to.be.greaterThan(5);
    for (const key of keys.values()) {
      for (const form of ['hex', 'latin1', 'base64'] as const) {
        for (const each of said) expect(each.includes(key.toString(form))).to.equal(false);
      }
    }
  });

  it('ends with 4 where a key of a host, or the one between board and model, is another', async () => {
    const board = await startProcess([
      ...['firmware', 'main', '--host', `unix-listen:${at('h')}`, '--remote', `unix-listen:${at('r')}`],
      ...['--primary', 'memory:', '--shadow', 'memory:', '--meta', 'memory:', '--size', '256KiB'],
      ...['--method', 'differential', '--host-key-file', at('hostMain'), '--remote-key-file', at('mainSub')],
    ]);
    try {
      const bench = `kind: processes\nroles: {main: line}\nlines: {host: "unix:${at('h')}", mainRemote: "unix:${at('r')}"}\n`;
      const host = await run(bench, '{hostMain: wrong, mainSub: mainSub}');
      expect([host.exitCode, host.stderr]).to.satisfy(isWrongKey(/the proof of (main|host)/));
      const remote = await run(bench, '{hostMain: hostMain, mainSub: wrong}');
      expect([remote.exitCode, remote.stderr]).to.satisfy(isWrongKey(/the line between main and sub/));
    } finally {
      await board.kill();
    }
  });

  it('ends with 4 where the key of the host at the sub is another', async () => {
    const board = await startProcess([
      ...['firmware', 'sub', '--host', `unix-listen:${at('u')}`, '--remote', `unix-listen:${at('s')}`],
      ...['--secondary', 'memory:', '--staging', 'memory:', '--meta', 'memory:', '--size', '256KiB'],
      ...['--host-key-file', at('hostSub'), '--remote-key-file', at('mainSub')],
    ]);
    try {
      const bench = `kind: processes\nroles: {sub: line}\nlines: {sub: "unix:${at('u')}", subRemote: "unix:${at('s')}"}\n`;
      const { exitCode, stderr } = await run(bench, '{hostSub: wrong, mainSub: mainSub}');
      expect([exitCode, stderr]).to.satisfy(isWrongKey(/the proof of (sub|host)/));
    } finally {
      await board.kill();
    }
  });

  it('ends with 4 where two boards have different keys', async () => {
    const areas = (volume: string, slots: string) => [
      ...[`--${volume}`, 'memory:', `--${slots}`, 'memory:', '--meta', 'memory:', '--size', '256KiB'],
    ];
    const main = await startProcess([
      ...['firmware', 'main', '--host', `unix-listen:${at('m')}`, '--remote', `unix-listen:${at('b')}`],
      ...[...areas('primary', 'shadow'), '--method', 'differential', '--remote-key-file', at('mainSub')],
    ]);
    const sub = await startProcess([
      ...['firmware', 'sub', '--host', `unix-listen:${at('v')}`, '--remote', `unix:${at('b')}`],
      ...[...areas('secondary', 'staging'), '--remote-key-file', at('wrong')],
    ]);
    try {
      const bench = `kind: lines\nlines: {host: "unix:${at('m')}", sub: "unix:${at('v')}"}\n`;
      const { exitCode, stderr } = await run(bench, '{}');
      expect([exitCode, stderr]).to.satisfy(isWrongKey(/the line between main and sub: as (main|sub) says/));
      const status = await runProcess(['host', 'status', '--line', `unix:${at('v')}`, '--json']);
      const { lines } = JSON.parse(status.stdout);
      expect(lines[0]).to.deep.equal({ name: 'host', up: true, refused: null });
      expect(lines[1]).to.deep.include({ name: 'remote', up: false });
    } finally {
      await Promise.all([main.kill(), sub.kill()]);
    }
  });
});

const isWrongKey =
  (where: RegExp) =>
  ([exitCode, stderr]: [number, string]): boolean =>
    exitCode === 4 &&
    /^coldframe: wrong-key: The two sides hold different keys\. \(/m.test(stderr) &&
    where.test(stderr);
