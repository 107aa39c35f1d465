import { type Line, whenOpen } from '../../../hil/run/lines/line.js';
import { openLine } from '../../../hil/run/lines/open-line.js';

/** A line that is open, and closed at the end of its scope. */
export async function serialLine(address: string): Promise<AsyncDisposable & { readonly line: Line }> {
  const line = openLine(address);
  await whenOpen(line, 5000);
  return { line, [Symbol.asyncDispose]: () => line.close() };
}
