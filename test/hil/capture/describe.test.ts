import { expect } from 'chai';
import { fieldsOf } from '../../../hil/capture/describe.js';
import { decodeMessage, definitions } from '../../../protocol/message/messages.js';
import { refusals } from '../../../protocol/refusals.js';
import { fromHex, vectors } from '../../protocol/vectors.js';

/** Fields of the vectors that hold numbers of the refusal table. */
const refusalFields = ['code', 'reason', 'failedReason', 'refused'];
const names = new Map<number, string>(Object.entries(refusals).map(([name, { number }]) => [number, name]));

/** What a field of a vector is to become: bytes as digits, refusals as names. */
function expected(value: unknown, name: string): unknown {
  if (refusalFields.includes(name)) return value === 0 ? 'none' : (names.get(value as number) ?? value);
  if (Buffer.isBuffer(value)) return value.toString('hex');
  if (Array.isArray(value)) return value.map((each) => expected(each, ''));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, expected(each, key)]));
}

describe('the fields of a message as plain data', () => {
  for (const { message, encoded } of vectors.messages) {
    it(`of ${message.kind}, from its golden bytes`, () => {
      const decoded = decodeMessage(fromHex(encoded));
      const { kind, ...fields } = message;
      expect(decoded.ok && decoded.message.kind).to.equal(kind);
      expect(decoded.ok && fieldsOf(decoded.message)).to.deep.equal(expected(fields, ''));
    });
  }

  it('can be told of every message there is', () => {
    const kinds = new Set(vectors.messages.map(({ message }) => message.kind));
    expect(definitions.map(({ kind }) => kind).filter((kind) => !kinds.has(kind))).to.deep.equal([]);
  });
});
