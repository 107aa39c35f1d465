/** A compressed run as the run that it stands for: for those who look at a line, and know no block size. */
import { dataBytesMax, type MessageNamed } from '../message/messages.js';
import { inflateUpTo } from './inflate.js';
import { windowBitsMax } from './window-bits.js';

/** The same run, not compressed; undefined when its data is no stream of whole blocks. */
export function plainRun(message: MessageNamed<'compressedRun'>): MessageNamed<'blockRun'> | undefined {
  const data = inflateUpTo(message.data, { contentBytes: dataBytesMax, windowBits: windowBitsMax });
  if (data === undefined || data.length === 0 || data.length % message.count !== 0) return undefined;
  return { ...message, kind: 'blockRun', data };
}
