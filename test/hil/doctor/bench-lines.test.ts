import { expect } from 'chai';
import { parseBench } from '../../../hil/bench/bench-file.js';
import { linesOfBench } from '../../../hil/doctor/bench-lines.js';

const linesOf = (...text: readonly string[]) =>
  linesOfBench(parseBench('b', text.join('\n'))).map(({ name, address, role, expected }) =>
    [name, address, role, expected].join(' '),
  );

describe('the lines that a doctor examines', () => {
  it('are those of boards, with who is at their ports', () => {
    expect(linesOf('kind: lines', 'lines: {host: "tcp://h:1", sub: "tcp://h:2"}')).to.deep.equal([
      'lines.host tcp://h:1 host main',
      'lines.sub tcp://h:2 host sub',
    ]);
  });

  it('are remote ports of boards too, where the controller that it stands in for speaks', () => {
    const board = ['kind: processes', 'roles: {main: line}', 'lines: {host: "tcp://h:1", mainRemote: "tcp://h:2"}'];
    expect(linesOf(...board)[1]).to.equal('lines.mainRemote tcp://h:2 sub main');
    const sub = ['kind: processes', 'roles: {sub: line}', 'lines: {sub: "tcp://h:1", subRemote: "tcp://h:2"}'];
    expect(linesOf(...sub)[1]).to.equal('lines.subRemote tcp://h:2 main sub');
  });

  it('are disks of models at lines, and no files', () => {
    const areas = '{primary: p.img, shadow: "unix:/s", staging: "unix:/t"}';
    expect(
      linesOf('kind: processes', `volumes: [{size: 1MiB, areas: ${areas}}]`, 'meta: {sub: "unix:/m"}'),
    ).to.deep.equal([
      'volumes.0.areas.shadow unix:/s main disk',
      'volumes.0.areas.staging unix:/t sub disk',
      'meta.sub unix:/m sub disk',
    ]);
    expect(linesOf('kind: emulator')).to.deep.equal([]);
  });
});
