/** Reading of arguments. All of them throw RefusalError `argument-invalid` that says what is wrong. */
import { blockBytesDefault, sectorBytes } from '../../protocol/ids.js';
import { RefusalError } from '../../protocol/refusals.js';
import { parseSize } from '../run/sizes.js';

const blockBytesMax = 65_536;
const wholeMax = 2 ** 32 - 1;

export const refuse = (detail: string) => new RefusalError('argument-invalid', detail);

/** Reads what an option is given; a refusal names the option as it is typed. Throws RefusalError. */
export function naming<Value>(option: string, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof RefusalError) || error.refusal.code !== 'argument-invalid') throw error;
    throw refuse(`${option}: ${error.refusal.detail}`);
  }
}

/** For options that may be given several times: gathers them, read one by one. */
export function gather<Value>(read: (text: string) => Value): (text: string, before?: readonly Value[]) => Value[] {
  return (text, before = []) => [...before, read(text)];
}

/** An offset or a length: bytes or a size, a multiple of 512. */
export function sectorMultiple(text: string): number {
  const bytes = text.trim() === '0' ? 0 : parseSize(text);
  if (bytes % sectorBytes !== 0) throw refuse(`${text} is no multiple of ${sectorBytes}`);
  return bytes;
}

/** A size of an area or a volume. */
export function areaSize(text: string): number {
  const bytes = parseSize(text);
  if (bytes % sectorBytes !== 0) throw refuse(`${text} is no multiple of ${sectorBytes}`);
  return bytes;
}

/** The unit of copying: a power of two. */
export function blockSize(text: string): number {
  const bytes = parseSize(text);
  if (bytes >= sectorBytes && bytes <= blockBytesMax && Number.isInteger(Math.log2(bytes))) return bytes;
  throw refuse(`${text} is no power of two from ${sectorBytes} to ${blockBytesMax}`);
}

export { blockBytesDefault };

/** A whole number from `from` on that fits 32 bits, as messages carry it. */
export function wholeNumber(from: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text.trim()) && value >= from && value <= wholeMax) return value;
    throw refuse(`${text} is no whole number from ${from} to ${wholeMax}`);
  };
}

/** A number, `from` … `to`. */
export function numberWithin(from: number, to: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() !== '' && value >= from && value <= to) return value;
    throw refuse(`${text} is no number from ${from} to ${to}`);
  };
}

/** One of some words. */
export function oneOf<Word extends string>(words: readonly Word[]): (text: string) => Word {
  return (text) => {
    const word = words.find((each) => each === text);
    if (word === undefined) throw refuse(`${text} is none of ${words.join(', ')}`);
    return word;
  };
}
