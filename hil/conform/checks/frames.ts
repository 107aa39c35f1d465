/** Frames: PROTOCOL.md, "Frames". */
import { encodedFrameBytesMax } from '../../../protocol/limits.js';
import { encodeOpen } from '../../../protocol/link/open-frame.js';
import type { Bench } from '../bench.js';
import { checked, type Requirement } from '../check.js';
import { exercise, quietLink } from '../exercise.js';
import { demand, NotRun } from '../finding.js';
import { hexWords } from '../frame-words.js';
import type { ProbeLink } from '../probe-link.js';
import {
  acknowledgementKind,
  noiseBytes,
  openKind,
  plainFrame,
  strayMessage,
  stuffed,
  wholeMessageKind,
  withMessageCheck,
} from '../stray.js';

const codec = 'Look at the COBS encoder and the CRC; vectors.json has golden frames.';
const decoder = 'Look at the frame decoder: it has to look at all of a frame before anything of it counts.';

export const frameRequirements: readonly Requirement[] = [
  checked('F-1', 'A frame is COBS-encoded and ended by a zero byte.', { remedy: codec, run: watching('F-1') }),
  checked('F-2', 'A frame has a header of 3 bytes, at most 65536 bytes of payload, and a check of 4.', {
    remedy: codec,
    run: watching('F-2'),
  }),
  checked('F-3', 'Reserved bits of the kind are 0; in acknowledgements and opens so is the sequence.', {
    remedy: 'Clear the bits, and the sequence of opens and acknowledgements.',
    run: watching('F-3'),
  }),
  checked('F-4', 'A frame with a reserved value is refused.', { remedy: decoder, run: reservedValues }),
  checked('F-5', 'The check is the CRC-32 xor-ed with the mark of the link; in opens the CRC-32 alone.', {
    remedy: 'The mark is CRC-32(sender’s link id ‖ receiver’s), both as u64 little-endian; see vectors.json.',
    run: watching('F-5'),
  }),
  checked('F-6', 'A frame with the mark of an earlier link, or of the other direction, fails its check.', {
    remedy: decoder,
    run: otherMarks,
  }),
  checked('F-7', 'A code of FFh stands for 254 bytes and no zero.', {
    bytes: 12_000,
    isQuiet: true,
    remedy: codec,
    run: longBlocks,
  }),
  checked('F-8', 'Decoders take an empty block after a final block of 254 bytes.', { remedy: codec, run: emptyBlock }),
  checked('F-9', 'Encoders append no empty block after a final block of 254 bytes.', {
    roles: ['disk', 'main'],
    losesData: true,
    line: 'clear',
    remedy: codec,
    run: fullFinalBlock,
  }),
  checked('F-10', 'A decoder never fails, whatever the bytes.', {
    bytes: 11_000,
    isQuiet: true,
    remedy: decoder,
    run: anyBytes,
  }),
  checked('F-11', 'A refused frame is dropped whole, and nothing is answered to it.', {
    remedy: decoder,
    run: refusedFrames,
  }),
  checked('F-12', 'Zero bytes between delimiters are no frame and no error.', { remedy: decoder, run: zeros }),
  checked('F-13', 'A side sends a lone delimiter when its line comes up.', {
    remedy: 'Send one zero byte before anything else.',
    run: loneDelimiter,
  }),
  checked('F-14', 'Bytes without a delimiter, longer than any frame, are dropped up to the next delimiter.', {
    bytes: encodedFrameBytesMax,
    isQuiet: true,
    remedy: decoder,
    run: overlong,
  }),
];

/** Lets the device work, and looks at its frames for what breaks this requirement. */
function watching(number: string): (bench: Bench) => Promise<void> {
  return async (bench) => {
    try {
      await exercise(bench);
    } finally {
      bench.inspect(number);
    }
  };
}

/** Queue 2 has received nothing in order. */
async function untouched(link: ProbeLink, what: string): Promise<void> {
  const { next } = await link.barrier();
  demand(next[2] === 0, `${what} dropped: unit 0 of queue 2 still missing`, () => `next ${next[2]}`);
}

async function reservedValues(bench: Bench): Promise<void> {
  const link = await quietLink(bench);
  const { markOut: mark, probe } = link;
  const payload = strayMessage(20);
  for (const kindByte of [wholeMessageKind | 1, wholeMessageKind | 2, 0x3c, 0xc0]) {
    probe.sendBytes(stuffed(plainFrame({ kindByte, sequence: 0, payload, mark })));
    await untouched(link, `a frame of kind ${kindByte.toString(16)}h`);
  }
  const opens = probe.opens.length;
  const open = encodeOpen(link.open());
  probe.sendBytes(stuffed(plainFrame({ kindByte: openKind | 4, sequence: 0, payload: open, mark: 0 })));
  probe.sendBytes(stuffed(plainFrame({ kindByte: openKind, sequence: 1, payload: open, mark: 0 })));
  await probe.pause(30_000);
  await link.barrier();
  const answers = probe.opens.length - opens;
  demand(answers === 1, 'no answer to opens with reserved bits or a sequence', () => `${answers - 1} answers`);
}

async function otherMarks(bench: Bench): Promise<void> {
  const before = await quietLink(bench);
  const link = await quietLink(bench);
  const payload = strayMessage(20);
  const marks = { 'the link before': before.markOut, 'the other direction': link.markIn ?? 0, 'no link': 0 };
  for (const [whose, mark] of Object.entries(marks)) {
    bench.probe.sendBytes(stuffed(plainFrame({ kindByte: wholeMessageKind, sequence: 0, payload, mark })));
    await untouched(link, `a frame with the mark of ${whose}`);
  }
}

async function longBlocks(bench: Bench): Promise<void> {
  const link = await quietLink(bench);
  const { payloadUnitsMax } = link.peerLimits;
  const sizes = [240, 243, 244, 245, 246, 247, 248, 249, 250, 251, 498, 502, 503, 504, 505, 506, 760];
  for (const bytes of sizes.filter((each) => each <= 64 * payloadUnitsMax)) {
    await link.deliver(strayMessage(bytes), 2, 64 * payloadUnitsMax);
  }
  for (let seed = 1; seed <= 8; seed += 1) {
    const message = strayMessage(600);
    noiseBytes(500, seed).copy(message, 10);
    message.fill(0, 300, 300 + seed * 4);
    await link.deliver(withMessageCheck(message), 2, 64 * payloadUnitsMax);
  }
}

/** A message alone in its frame whose encoding ends in a block of 254 bytes: both zeros of the sequence come before. */
function frameEndingFull(mark: number): Buffer {
  for (let fill = 1; fill < 256; fill += 1) {
    const payload = strayMessage(250, fill);
    const plain = plainFrame({ kindByte: wholeMessageKind, sequence: 0, payload, mark });
    if (plain.indexOf(0, 3) === -1) return plain;
  }
  throw new NotRun('each of 255 messages has a zero in a check');
}

async function emptyBlock(bench: Bench): Promise<void> {
  const link = await quietLink(bench);
  link.demandRoom(250);
  const minimal = stuffed(frameEndingFull(link.markOut)).subarray(0, -1);
  link.reserve(2, 250);
  bench.probe.sendBytes(Buffer.concat([minimal, Buffer.of(1, 0)]));
  await link.acknowledged(2, 4);
}

async function fullFinalBlock(bench: Bench): Promise<void> {
  const unit = await bench.unit();
  const sector = Buffer.alloc(512);
  // The data, the check of the message and that of the frame end the frame; sealed, nobody could choose its bytes.
  sector.fill(0xa5, 512 - 246);
  await unit.good(Buffer.from([0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0]), 'WRITE (10) of sector 0', { dataOut: sector });
  for (let tries = 0; tries < 40; tries += 1) {
    await unit.good(Buffer.from([0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0]), 'READ (10)', { dataInBytesMax: 512 });
    bench.inspect('F-9');
    if (bench.probe.fullEndings > 0) return;
  }
  throw new NotRun('no frame of the device ended in a block of 254 bytes');
}

async function anyBytes(bench: Bench): Promise<void> {
  const link = await quietLink(bench);
  for (let seed = 1; seed <= 64; seed += 1) bench.probe.sendBytes(noiseBytes(seed * 5, seed));
  bench.probe.sendBytes(Buffer.of(0));
  await link.barrier();
  await link.deliver(strayMessage(40), 2);
}

/** One frame of each refusal, and what it is. */
function badFrames(mark: number): readonly (readonly [string, Buffer])[] {
  const plain = plainFrame({ kindByte: wholeMessageKind, sequence: 0, payload: strayMessage(20), mark });
  const spoilt = Buffer.from(plain);
  spoilt.writeUInt8((spoilt[8] ?? 0) ^ 1, 8);
  return [
    ['a block that passes the end', Buffer.of(9, 1, 2, 3, 0)],
    ['six bytes', stuffed(Buffer.of(1, 2, 3, 4, 5, 6))],
    ['a wrong check', stuffed(spoilt)],
    ['a reserved kind', stuffed(plainFrame({ kindByte: 0xff, sequence: 0, payload: Buffer.alloc(4), mark }))],
    [
      'an empty acknowledgement',
      stuffed(plainFrame({ kindByte: acknowledgementKind, sequence: 0, payload: Buffer.alloc(0), mark })),
    ],
  ];
}

async function refusedFrames(bench: Bench): Promise<void> {
  const link = await quietLink(bench);
  for (const [what, bytes] of badFrames(link.markOut)) {
    const before = bench.probe.frames;
    bench.probe.sendBytes(bytes);
    await untouched(link, what);
    const answers = bench.probe.frames - before - 1;
    demand(answers === 0, `nothing answered to ${what} (${hexWords(bytes, 16)})`, () => `${answers} frames`);
  }
  await link.deliver(strayMessage(20), 2);
}

async function zeros(bench: Bench): Promise<void> {
  const link = await quietLink(bench);
  const before = bench.probe.frames;
  bench.probe.sendBytes(Buffer.alloc(300));
  await link.barrier();
  const answers = bench.probe.frames - before - 1;
  demand(answers === 0, 'nothing answered to zeros', () => `${answers} frames`);
  bench.probe.sendBytes(Buffer.alloc(3));
  await link.deliver(strayMessage(20), 2);
}

async function loneDelimiter(bench: Bench): Promise<void> {
  await bench.reopen();
  const first = await bench.probe.need('bytes of the device once its line is up', () => bench.probe.firstBytes[0]);
  demand(first === 0, 'a zero byte first', () => `${first.toString(16)}h`);
}

async function overlong(bench: Bench): Promise<void> {
  const link = await quietLink(bench);
  const frame = stuffed(
    plainFrame({ kindByte: wholeMessageKind, sequence: 0, payload: strayMessage(20), mark: link.markOut }),
  );
  const long = Buffer.alloc(encodedFrameBytesMax + 4096, 0x11);
  bench.probe.sendBytes(Buffer.concat([long, frame]));
  await untouched(link, 'a frame that ends a run without a delimiter');
  await link.deliver(strayMessage(20), 2);
}
