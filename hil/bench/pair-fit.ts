/**
 * Whether two controllers can be a pair at all: what they say of themselves, side by side, in the order of the recovery table. Two that
 * cannot would take every write, and refuse the first freeze.
 */
import { sameDigest } from '../../protocol/digest.js';
import type { MessageNamed } from '../../protocol/message/messages.js';
import { RefusalError } from '../../protocol/refusals.js';

type Status = Pick<MessageNamed<'status'>, 'pair' | 'blockBytes' | 'volumes' | 'method'>;

/** Why they cannot, or undefined. A sub that belongs to no pair yet takes the method of main. */
export function misfitOf(main: Status, sub: Status): RefusalError | undefined {
  const isNew = isNone(main.pair) || isNone(sub.pair);
  if (!isNew && !sameDigest(main.pair, sub.pair)) return misfit('foreign-pair', idOf(main), idOf(sub));
  if (main.blockBytes !== sub.blockBytes) {
    return misfit('block-size-mismatch', `blocks of ${main.blockBytes} bytes`, `${sub.blockBytes}`);
  }
  if (main.volumes.join() !== sub.volumes.join()) {
    return misfit('volume-mismatch', `volumes ${main.volumes.join('+')}`, sub.volumes.join('+'));
  }
  if (!isNew && main.method !== sub.method) return misfit('wrong-method', `method ${main.method}`, sub.method);
  return undefined;
}

const isNone = (pair: Uint8Array): boolean => pair.every((byte) => byte === 0);
const idOf = ({ pair }: Status): string => `pair ${Buffer.from(pair).toString('hex')}`;

function misfit(
  code: 'foreign-pair' | 'block-size-mismatch' | 'volume-mismatch' | 'wrong-method',
  main: string,
  sub: string,
): RefusalError {
  return new RefusalError(code, `main says ${main}, the sub ${sub === '' ? 'none' : sub}`);
}
