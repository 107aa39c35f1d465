import { join } from 'node:path';
import { expect } from 'chai';
import { type BenchProcess, startProcess, temporaryFolder } from '../../../hil/bench/processes.js';
import { eventually } from './eventually.js';

describe('the ready line of a model', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let running: BenchProcess[] = [];

  beforeEach(async () => {
    folder = await temporaryFolder();
  });
  afterEach(async () => {
    await Promise.all(running.map((each) => each.kill()));
    running = [];
    await folder.remove();
  });

  const at = (name: string) => join(folder.path, name);
  const start = async (...args: readonly string[]) => {
    const started = await startProcess(args);
    running.push(started);
    return started;
  };
  const disk = (line: string, image: string) => start('disk', '--line', line, '--image', at(image), '--size', '1MiB');

  it('says nothing more of lines that are open, or that a client can reach', async () => {
    const listener = await disk(`unix-listen:${at('a.sock')}`, 'a.img');
    const pty = await disk('pty:', 'b.img');
    const inMemory = await start('disk', '--line', 'pty:', '--image', 'memory:2MiB');
    expect(inMemory.ready).to.match(/^ready disk line=serial:\S+ size=2MiB$/);
    expect(listener.ready).to.equal(`ready disk line=unix-listen:${at('a.sock')} size=1MiB`);
    expect(pty.ready).to.match(/^ready disk line=serial:\/dev\/pts\/\d+ size=1MiB$/);
  });

  it('names each line that is waited for, and why, after what others read in it', async () => {
    const [host, remote] = [`serial:${at('none')}?baud=115200`, `unix:${at('main.sock')}`];
    const areas = ['--secondary', 'memory:1MiB', '--staging', 'memory:2MiB', '--meta', 'memory:8MiB'];
    const sub = await start('firmware', 'sub', '--host', host, '--remote', remote, ...areas);
    expect(sub.ready).to.match(
      /^ready sub host=\S+ remote=\S+ \(waiting for serial:.*: there is no such port, and for unix:.*: nobody listens there; tried again every second\)$/,
    );
    expect([sub.readyValue('host'), sub.readyValue('remote')]).to.deep.equal([host, remote]);
  });

  it('is followed by a line of the log each time that a line opens or is lost', async () => {
    const socket = at('c.sock');
    const first = await disk(`unix:${socket}`, 'c.img');
    await eventually(() => expect(first.stderr).to.match(/target line: line-unavailable: .*nobody listens there/));
    const listener = await disk(`unix-listen:${socket}`, 'd.img');
    await eventually(() => expect(first.stderr).to.match(/ info: target line: open\n/));
    await listener.kill();
    await eventually(() => expect(first.stderr).to.match(/line: open\n(.*\n)*.*target line: line-unavailable: /));
  });
});
