import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { expect } from 'chai';
import { EmulatorBench } from '../../../hil/bench/emulator-bench.js';
import { CaptureFile, type LineCapture } from '../../../hil/capture/capture-file.js';
import { listen } from '../../../hil/capture/listen/listen.js';
import { readCapture } from '../../../hil/capture/read-capture.js';
import { cobsBytesMax, cobsEncode } from '../../../protocol/frame/cobs.js';
import { encodeFrame, type Frame } from '../../../protocol/frame/frame.js';
import { markOfLink } from '../../../protocol/link/handshake.js';
import { encodeOpen } from '../../../protocol/link/open-frame.js';
import { definitions, encodeMessage } from '../../../protocol/message/messages.js';
import type { Shape } from '../../../protocol/message/shape.js';
import { TappedPair } from '../../hil/capture/tapped-pair.js';
import { type LineFaults, noFaults, seeded } from '../link/lossy-line.js';
import { fromHex, vectors } from '../vectors.js';
import { decodedFields } from './decoded-fields.js';
import { type Dissected, dissect, type Fields, hasTshark, isTsharkRequired } from './tshark.js';

const key = Buffer.alloc(32, 0x5a);
const secondUs = 1_000_000;
/** What the dissector shows beside what decode tells. */
const extras = ['coldframe.message.tag', 'coldframe.message.check'];

describe('the dissector for Wireshark', () => {
  if (!hasTshark && !isTsharkRequired) {
    it('shows what decode tells (not looked at: this machine has no tshark; apt-get install tshark)');
    return;
  }

  let folder = '';
  let path = '';
  let dissected: Dissected;
  let decoded: readonly { readonly line: string; readonly fields: Fields }[];

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'coldframe-dissector-'));
    path = join(folder, 'all.pcapng');
    await captureAll(path);
    dissected = await dissect(path);
    decoded = [...listen(readCapture(path))].map((heard) => ({
      line: heard.captured.line.name,
      fields: decodedFields(heard),
    }));
  });
  after(() => rmSync(folder, { recursive: true }));

  const framesOf = (line: string): Fields[] => dissected.frames.filter((_, index) => decoded[index]?.line === line);
  const valuesOf = (line: string, name: string) =>
    framesOf(line).flatMap((fields) => fields.get(`coldframe.${name}`) ?? []);

  it('has no errors, whatever stands in a capture', () => {
    expect(dissected.errors).to.equal('');
    expect(dissected.frames.length).to.equal(decoded.length).and.be.greaterThan(2000);
  });

  it('shows in every frame what decode tells, under the same names', () => {
    for (const [index, { line, fields }] of decoded.entries()) {
      const shown = comparable(dissected.frames[index] ?? new Map());
      expect(shown, `frame ${index + 1}, ${line}`).to.deep.equal(comparable(fields));
    }
  });

  it('shows every field of every message of the table', () => {
    const names = definitions.flatMap(({ kind, fields }) =>
      Object.entries(fields).flatMap(([name, { shape }]) => leaves(`coldframe.${kind}.${name}`, shape)),
    );
    const shown = new Set(framesOf('vectors').flatMap((fields) => [...fields.keys()]));
    expect(names.filter((name) => !shown.has(name))).to.deep.equal([]);
  });

  it('shows golden frames: of each type, with their marks', () => {
    const marks = vectors.frames.map(({ mark }) => `0x${mark.toString(16).padStart(8, '0')}`);
    expect(new Set(valuesOf('golden', 'frame.mark'))).to.deep.equal(new Set(marks));
    expect(new Set(valuesOf('golden', 'frame.type'))).to.have.all.keys('data', 'acknowledgement', 'open');
  });

  it('refuses damaged frames by name, and takes them no further', () => {
    const refused = framesOf('bad').filter((fields) => fields.has('coldframe.refusal'));
    const codes = new Set(refused.flatMap((fields) => fields.get('coldframe.refusal') ?? []));
    expect(codes).to.include.all.keys('frame-checksum', 'frame-encoding');
    expect(valuesOf('good', 'refusal')).to.include('frame-session');
    for (const fields of refused.filter((each) => each.get('coldframe.refusal')?.[0] === 'frame-checksum')) {
      expect([...fields.keys()].sort().filter((name) => !name.startsWith('coldframe.expert.'))).to.deep.equal([
        'coldframe.frame.check',
        'coldframe.refusal',
      ]);
    }
  });

  it('shows sealed messages as sealed', () => {
    expect(new Set(valuesOf('sealed', 'message.kind'))).to.have.all.keys('hello', 'sealed');
    expect(valuesOf('sealed', 'sealed.counter')).to.include.members(['0', '1', '2']);
  });

  it('learns the mark of a link whose opens are not in the capture', () => {
    const checks = valuesOf('middle', 'frame.check');
    expect(checks.filter((check) => check === 'unproven').length).to.be.within(1, 2);
    expect(checks.filter((check) => check === 'good').length).to.be.greaterThan(20);
    expect(valuesOf('middle', 'message.kind')).to.include('blockRun');
  });

  it('names refusals, and says who speaks to whom', async () => {
    const { frames } = await dissect(path, '-Y', 'coldframe.refused.code == 48');
    expect(frames.length).to.be.greaterThan(0);
  });

  it('shows the same when all packets are looked at a second time', async () => {
    const again = await dissect(path, '-2');
    expect(again.errors).to.equal('');
    for (const [index, fields] of again.frames.entries()) {
      expect([...fields], `frame ${index + 1}`).to.deep.equal([...(dissected.frames[index] ?? [])]);
    }
  });
});

describe('the dissector in CI', () => {
  it('is looked at: tshark is there where it is required', () => {
    expect(hasTshark || !isTsharkRequired).to.equal(true);
  });
});

/** Sorted, without what only one of the two has a name for; of a message that is refused only that it is. */
function comparable(fields: Fields): [string, string[]][] {
  const isRefused = fields.has('coldframe.refusal');
  const kept = [...fields].filter(([name]) => {
    if (extras.includes(name) || name.startsWith('coldframe.expert.')) return false;
    return !isRefused || /^coldframe\.(refusal|message\.)/.test(name);
  });
  return kept
    .map(([name, values]): [string, string[]] => [name, [...values].sort()])
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

function leaves(path: string, shape: Shape): string[] {
  if (shape.kind === 'list') return leaves(path, shape.element);
  if (shape.kind === 'group') return shape.fields.flatMap(([name, each]) => leaves(`${path}.${name}`, each));
  return [path];
}

/** Lines of all kinds in one file, as tshark takes its time to start. */
async function captureAll(path: string): Promise<void> {
  const capture = new CaptureFile(path, ({ code }) => expect.fail(code));
  const line = (name: string) => capture.line({ name, from: 'main', to: 'sub' });
  captureVectors(line('vectors'));
  captureGoldenFrames(line('golden'));
  captureConversation(line('good'), { seed: 1 });
  captureConversation(line('bad'), {
    seed: 2,
    faults: { bitErrorRate: 1e-4, byteDropRate: 2e-5, frameRepeatRate: 0.01, staleFrameRate: 0.02 },
  });
  captureConversation(line('sealed'), { seed: 3, key });
  captureConversation(line('middle'), { seed: 4, from: 60 });
  captureHostile(line('hostile'));
  await captureBench(capture);
  capture.close();
}

/** Each message of the table, from golden bytes, on a link whose opens are there; some damaged, some with trailing bytes. */
function captureVectors(line: LineCapture): void {
  const mark = markOfLink(1n, 2n);
  line.take('out', open(1n, 2n), 0);
  let sequence = 0;
  const take = (payload: Buffer) => {
    line.take('out', framed({ kind: 'data', priority: 0, first: true, last: true, sequence, payload }, mark), sequence);
    sequence += Math.max(1, Math.ceil(payload.length / 64));
  };
  for (const { encoded } of vectors.messages) take(fromHex(encoded));
  take(encodeMessage({ kind: 'refused', request: 1, code: 48, detail: 'über \u001b[31m "x" \\ 100 %s' }));
  take(encodeMessage({ kind: 'refused', request: 1, code: 65_000, detail: '' }));
  for (const { encoded } of vectors.messages.slice(0, 12)) {
    const bytes = fromHex(encoded);
    for (const part of [bytes.subarray(0, 1), bytes.subarray(0, -1)]) take(Buffer.from(part));
    bytes[bytes.length - 6] = (bytes[bytes.length - 6] ?? 0) ^ 1;
    take(bytes);
  }
  for (const bytes of wronglyMade()) take(bytes);
}

/** Messages whose check is right, and whose fields are not. */
function wronglyMade(): Buffer[] {
  const resealed = (change: (bytes: Buffer) => Buffer) => (hex: string) => {
    const body = change(fromHex(hex).subarray(0, -4));
    const check = Buffer.alloc(4);
    check.writeUInt32LE(crc32(body, 0x434f4c44));
    return Buffer.concat([body, check]);
  };
  const changes = [
    (bytes: Buffer) => Buffer.concat([bytes, Buffer.of(1)]),
    (bytes: Buffer) => bytes.subarray(0, -1),
    (bytes: Buffer) => Buffer.concat([bytes.subarray(0, 2), Buffer.alloc(bytes.length - 2, 0xff)]),
    (bytes: Buffer) => Buffer.concat([Buffer.of(0xee, 0xee), bytes.subarray(2)]),
    (bytes: Buffer) => bytes.subarray(0, 2),
  ];
  return vectors.messages.flatMap(({ encoded }) => changes.map((change) => resealed(change)(encoded)));
}

function captureGoldenFrames(line: LineCapture): void {
  // Each twice: the second one proves the mark of the first.
  for (const { encoded } of vectors.frames) {
    for (const atUs of [1, 2]) line.take('out', fromHex(encoded).subarray(0, -1), atUs);
  }
}

function captureConversation(
  line: LineCapture,
  {
    seed,
    key: sealing,
    faults = noFaults,
    from = 0,
  }: { seed: number; key?: Buffer; faults?: LineFaults; from?: number },
): void {
  const pair = new TappedPair({ seed, key: sealing, faults });
  for (let round = 0; round < 4; round += 1) {
    pair.open();
    for (let run = 0; run < 8; run += 1) {
      const data = Buffer.alloc(100 + 900 * run, run);
      const block = { volume: 0 as never, first: run as never, count: 1, digest: Buffer.alloc(16, run) };
      pair.main.endpoint.send({ kind: 'blockRun', run, generation: 7 as never, ...block, data }, pair.line.nowUs);
      pair.sub.endpoint.send({ kind: 'stored', generation: 7 as never, runs: [run, run + 1] }, pair.line.nowUs);
    }
    pair.line.run(pair.line.nowUs + (round % 2 === 0 ? secondUs / 60 : 4 * secondUs));
    pair.line.cut();
  }
  const { captured } = pair;
  for (const { way, bytes, atUs } of captured.slice(from)) line.take(way, bytes, atUs);
  const [stale] = captured.filter(({ way, bytes }) => way === 'out' && bytes.length > 300);
  if (faults !== noFaults || stale === undefined) return;
  // A fresh link, on which a frame of the one before is heard.
  line.take('out', open(1n, 2n), 0);
  const small = { kind: 'data', priority: 0, first: true, last: true, sequence: 0, payload: Buffer.of(1) } as const;
  line.take('out', framed(small, markOfLink(1n, 2n)), 0);
  line.take('out', stale.bytes, 0);
}

/** Bytes of somebody who means ill, or of a baud rate that is another one. */
function captureHostile(line: LineCapture): void {
  const random = seeded(11);
  const below = (limit: number) => Math.floor(random() * limit);
  const any = (length: number) => Buffer.from(Array.from({ length }, () => 1 + below(255)));
  for (let length = 0; length < 40; length += 1) line.take('out', any(length), 0);
  line.take('out', any(66_000), 0);
  line.take('out', Buffer.alloc(65_900, 1), 0);
  line.take('out', Buffer.of(1, 0, 1), 0);
  const mark = markOfLink(3n, 4n);
  line.take('out', open(3n, 4n), 0);
  for (let index = 0; index < 400; index += 1) {
    const payload = any(below(90));
    const flags = { first: below(2) === 1, last: below(2) === 1 };
    const kind = (['data', 'acknowledgement', 'open'] as const)[below(3)] ?? 'data';
    const priority = below(3) as 0 | 1 | 2;
    const frame: Frame =
      kind === 'data' ? { kind, priority, ...flags, sequence: below(65_536), payload } : { kind, payload };
    line.take(below(2) === 0 ? 'in' : 'out', framed(frame, mark), index);
  }
  // Kinds that are reserved, under a good check.
  for (const kind of [0x01, 0x30, 0x41, 0x81, 0xc0]) {
    const plain = Buffer.alloc(7);
    plain[0] = kind;
    plain.writeUInt32LE((crc32(plain.subarray(0, 3)) ^ (kind >> 6 === 2 ? 0 : mark)) >>> 0, 3);
    line.take('out', stuffed(plain), 0);
  }
}

/** The real stack, on a noisy line. */
async function captureBench(capture: CaptureFile): Promise<void> {
  const remoteLine = { baud: 921_600, latencyUs: 500, bitErrorRate: 3e-5, dropRate: 0 };
  const bench = new EmulatorBench({ method: 'differential', volumes: [65_536], seed: 5, remoteLine, capture });
  const { host, subHost } = bench;
  await bench.run(host.opened());
  await bench.run(host.write(0, 0, Buffer.alloc(32_768, 7)).done);
  const { generation } = await bench.run(host.freeze(Buffer.alloc(16, 1)));
  await bench.run(host.freeze(Buffer.alloc(16, 2))).catch(() => {});
  await bench.run(host.wait(generation, 'structured'));
  await bench.run(subHost.opened());
  await bench.run(subHost.status());
  await bench.close();
}

function open(own: bigint, peer: bigint): Buffer {
  const limits = { windowUnits: 16_384, payloadUnitsMax: 1024, messageBytesMax: 1_114_146 };
  const payload = encodeOpen({ ask: true, running: false, own, peer, next: [0, 0, 0], limits });
  return framed({ kind: 'open', payload }, 0);
}

/** A frame as captures hold it: without its delimiter. */
const framed = (frame: Frame, mark: number): Buffer => encodeFrame(frame, mark).subarray(0, -1);

function stuffed(plain: Buffer): Buffer {
  const into = Buffer.alloc(cobsBytesMax(plain.length));
  return into.subarray(0, cobsEncode(plain, into, 0));
}
