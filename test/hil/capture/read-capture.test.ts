import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { enhancedPacket, interfaceDescription, sectionHeader } from '../../../hil/capture/pcapng.js';
import { readCapture } from '../../../hil/capture/read-capture.js';
import { RefusalError } from '../../../protocol/refusals.js';

/**
 * Made with python3 and struct: big-endian, a line in nanoseconds, an interface of another link type, a block of another
 * type, a packet of either.
 */
const foreign =
  '0a0d0d0a0000001c1a2b3c4d00010000ffffffffffffffff0000001c00000001000000280093000000000000000200017800000000090001090000' +
  '0000000000000000280000000100000014000100000000000000000014000000050000001800000000000000000000000000000018000000060000' +
  '002000000001000000000000000000000000000000000000002000000006000000300000000017979cfe3d85cd15000000030000000361626300000' +
  '20004000000020000000000000030';

describe('reading a capture', () => {
  let folder = '';
  let path = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'coldframe-capture-'));
    path = join(folder, 'x.pcapng');
  });
  after(() => rmSync(folder, { recursive: true }));

  const read = (bytes: Uint8Array) => {
    writeFileSync(path, bytes);
    return [...readCapture(path)];
  };
  const frame = (line: number, atUs: number, text: string) =>
    enhancedPacket({ line, atUs, way: text.length % 2 === 0 ? 'in' : 'out', bytes: Buffer.from(text) });
  const ours = () => [
    sectionHeader('coldframe'),
    interfaceDescription('main–sub', 'outbound: main to sub, virtual time'),
    frame(0, 7, 'a'),
    interfaceDescription('A–B', 'outbound: A to B'),
    frame(1, 2 ** 51 + 5, 'bc'),
    frame(0, 2 ** 32, ''),
  ];

  it('gives frames with their lines, ways and times', () => {
    const frames = read(Buffer.concat(ours()));
    expect(
      frames.map(({ number, line, atUs, way, bytes }) => [number, line.name, atUs, way, `${bytes}`]),
    ).to.deep.equal([
      [1, 'main–sub', 7, 'out', 'a'],
      [2, 'A–B', 2 ** 51 + 5, 'in', 'bc'],
      [3, 'main–sub', 2 ** 32, 'in', ''],
    ]);
    expect(frames.map(({ line: { from, to, virtualTime } }) => [from, to, virtualTime])).to.deep.equal([
      ['main', 'sub', true],
      ['A', 'B', false],
      ['main', 'sub', true],
    ]);
    expect(frames[0]?.line).to.equal(frames[2]?.line);
  });

  it('takes what another program wrote: other order of bytes, other units of time, blocks that it does not know', () => {
    const [only, ...more] = read(Buffer.from(foreign, 'hex'));
    expect(more).to.deep.equal([]);
    expect(only).to.deep.include({ number: 2, atUs: 1_700_000_000_123_456, way: 'out', bytes: Buffer.from('abc') });
    expect(only?.line).to.deep.include({ name: 'x', from: undefined, to: undefined });
  });

  it('begins to count lines anew in each section', () => {
    const frames = read(
      Buffer.concat([...ours(), sectionHeader('again'), interfaceDescription('z', ''), frame(0, 1, 'd')]),
    );
    expect(frames.map(({ number, line }) => [number, line.name]).at(-1)).to.deep.equal([4, 'z']);
  });

  it('names lines without a name by their place', () => {
    const parts = [sectionHeader(''), interfaceDescription('', ''), interfaceDescription('', ''), frame(1, 1, 'd')];
    expect(read(Buffer.concat(parts))[0]?.line.name).to.equal('line 1');
  });

  it('gives what is whole of a capture that is cut off, wherever', () => {
    const whole = Buffer.concat(ours());
    const all = read(whole).length;
    for (let end = 12; end < whole.length; end += 1) {
      const frames = read(whole.subarray(0, end));
      expect(frames.length, `${end} bytes`).to.be.lessThan(all);
    }
    expect(all).to.equal(3);
  });

  it('refuses what is no capture, and says where', () => {
    const header = sectionHeader('coldframe');
    const length = Buffer.concat([header, Buffer.from('060000000d00000000000000', 'hex')]);
    const packet = Buffer.concat([header, frame(0, 1, 'no line')]);
    const cases: readonly (readonly [Uint8Array, RegExp])[] = [
      [Buffer.alloc(0), /no section header at byte 0/],
      [Buffer.from('no capture at all'), /no section header at byte 0/],
      [Buffer.concat([Buffer.from('0a0d0d0a30000000', 'hex'), Buffer.alloc(40)]), /no byte order at byte 0/],
      [length, /a block of 13 bytes at byte 48/],
      [packet, /a packet that is wrong at byte 48/],
    ];
    for (const [bytes, expected] of cases) {
      expect(() => read(bytes))
        .to.throw(RefusalError, expected)
        .with.nested.property('refusal.code', 'capture-invalid');
    }
    expect(() => [...readCapture(join(folder, 'none'))]).to.throw(RefusalError, /file-missing/);
    expect(() => [...readCapture(folder)]).to.throw(RefusalError, /file-unreadable/);
  });

  it('never fails otherwise, whatever a file holds', () => {
    const whole = Buffer.concat(ours());
    const changed = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(changed, (changes) => {
        const bytes = Buffer.from(whole);
        for (const [at, value] of changes) bytes[at] = value;
        try {
          read(bytes);
        } catch (error) {
          if (!(error instanceof RefusalError)) throw error;
        }
      }),
    );
  });
});
