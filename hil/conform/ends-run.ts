/** Refusals of a session after which no check would say more than they do. */
import { type RefusalCode, RefusalError } from '../../protocol/refusals.js';

const otherProtocol: ReadonlySet<RefusalCode> = new Set([
  'version-mismatch',
  'wrong-role',
  'key-required',
  'key-unknown',
  'wrong-key',
]);

/** The error that this code of the device’s ends the run with, if it does. */
export function endsRun(code: RefusalCode, detail: string): RefusalError | undefined {
  return otherProtocol.has(code) ? new RefusalError(code, detail) : undefined;
}
