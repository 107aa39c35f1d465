/** Lines of a capture by their names, as somebody can type them: `main-sub` is `main–sub`. */
import { RefusalError } from '../../protocol/refusals.js';
import { type CaptureLine, readCapture } from '../capture/read-capture.js';

export const isNamed = ({ name }: Pick<CaptureLine, 'name'>, typed: string): boolean => plain(name) === plain(typed);

/** The lines of a capture that have frames, by their names. */
export function lineNames(path: string): string[] {
  const names = new Set<string>();
  for (const { line } of readCapture(path)) names.add(line.name);
  return [...names];
}

/** Throws RefusalError `argument-invalid` when no frame of the capture is of this line. */
export function onlyLine(path: string, typed: string): void {
  const names = lineNames(path);
  if (names.some((name) => isNamed({ name }, typed))) return;
  throw new RefusalError('argument-invalid', `--line ${typed}: ${path} has ${names.join(', ') || 'no frames'}`);
}

const plain = (name: string): string => name.replaceAll('–', '-').toLowerCase();
