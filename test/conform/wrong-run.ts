/** Runs the suite against a wrong device. */
import type { Requirement } from '../../hil/conform/check.js';
import { requirements } from '../../hil/conform/requirements.js';
import type { CheckRecord } from '../../hil/conform/suite-record.js';
import { WrongDevice } from './tampering.js';
import { conform } from './virtual-models.js';
import { type Wrong, wrongKey } from './wrong.js';

/** Checks that send more than this many bytes are made where they have to fail, and not for each of a hundred devices. */
const bytesMax = 1_000_000;

/** The records of all checks, but the longest and those that it cannot fail. */
export function conformWrong(wrong: Wrong): Promise<readonly CheckRecord[]> {
  const { role = 'disk', isSealed, isPaired, at, tamper } = wrong;
  const port = at ?? (role === 'disk' ? 'target' : 'host');
  return conform({
    role,
    requirements: requirements.filter((requirement) => isMade(requirement, wrong)),
    ...(isSealed === true ? { key: wrongKey } : {}),
    ...(isPaired === undefined ? {} : { isPaired }),
    // Blocks so small that each run is one frame, and staging that can be filled.
    ...(at === 'remote' ? { hasRemote: true, blockBytes: 512 } : {}),
    ...(at === 'remote' && role === 'sub' ? { slotBytes: 32_768 } : {}),
    wrap: (device) => {
      const tampering = tamper();
      const wrong = new WrongDevice(device, port, tampering);
      return tampering.atHost === undefined ? wrong : new WrongDevice(wrong, 'host', tampering.atHost);
    },
  });
}

function isMade({ number, how }: Requirement, { fails, isAboveLink, at }: Wrong): boolean {
  if (fails.includes(number)) return true;
  if (at === 'remote') return how.kind === 'check' && how.onRemote === true;
  if (how.kind !== 'check' || (how.bytes ?? 0) > bytesMax) return false;
  return isAboveLink !== true || !/^[FL]-/.test(number);
}

/** Numbers that should have failed and did not, and numbers that failed and should not. */
export function differences(
  { fails, may = [] }: Wrong,
  failed: readonly string[],
): { missed: string[]; wronged: string[] } {
  const allowed = (number: string) => [...fails, ...may].some((each) => each === number || each === number[0]);
  return {
    missed: fails.filter((number) => !failed.includes(number)),
    wronged: failed.filter((number) => !allowed(number)),
  };
}
