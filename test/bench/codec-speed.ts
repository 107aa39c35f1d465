/** COBS and CRC on random frames, in bytes per nanosecond. */
import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { cobsBytesMax, cobsDecode, cobsEncode } from '../../protocol/frame/cobs.js';
import { median, type Row } from './row.js';

const frameBytes = 4096;
const frames = 256;
const rounds = 60;

export function codecSpeed(): Row[] {
  const plain = Array.from({ length: frames }, () => randomBytes(frameBytes));
  const encoded = plain.map((frame) => {
    const into = Buffer.alloc(cobsBytesMax(frameBytes));
    return into.subarray(0, cobsEncode(frame, into, 0));
  });
  const into = Buffer.alloc(cobsBytesMax(frameBytes));
  const encode = speed(() => {
    for (const frame of plain) cobsEncode(frame, into, 0);
  });
  const decode = speed(() => {
    for (const frame of encoded) cobsDecode(frame, into);
  });
  const check = speed(() => {
    for (const frame of plain) crc32(frame);
  });
  const copy = speed(() => {
    for (const frame of plain) frame.copy(into);
  });
  const beside = `random frames of 4 KiB; copying them ${copy.toFixed(1)} GB/s`;
  return [
    { name: 'COBS encoding', value: encode, unit: 'GB/s', limit: { at: 'least', value: 1 }, beside },
    { name: 'COBS decoding', value: decode, unit: 'GB/s', limit: { at: 'least', value: 1 }, beside },
    { name: 'CRC-32', value: check, unit: 'GB/s', beside },
  ];
}

/** Median of several rounds, after a warm-up. */
function speed(work: () => void): number {
  for (let round = 0; round < 10; round += 1) work();
  const values = Array.from({ length: rounds }, () => {
    const start = process.hrtime.bigint();
    work();
    return (frames * frameBytes) / Number(process.hrtime.bigint() - start);
  });
  return median(values);
}
