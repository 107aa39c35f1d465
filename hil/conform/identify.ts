/**
 * Who is at the other end: before any check, so that another protocol, another key or nobody at all is told as that.
 */
import { RefusalError, refusalByNumber } from '../../protocol/refusals.js';
import { decodeCapacity16 } from '../../protocol/scsi/capacity-data.js';
import { counted } from '../report/quantity.js';
import { Bench, type Surroundings } from './bench.js';
import { endsRun } from './ends-run.js';
import { inquiryCdb } from './exercise.js';
import { Finding } from './finding.js';
import type { ProbeSession } from './probe-session.js';
import { ProbeUnit } from './probe-unit.js';
import type { Identity } from './suite-record.js';

/** How long a device is given for its first sign of life, in microseconds. */
const aliveUs = 3_000_000;

/** How long it has to say that it does not want the suite after all, in microseconds. */
const refusedUs = 200_000;

/**
 * What the device says of itself; as much of it as it can be brought to say. Throws RefusalError: `line-silent`, what is
 * wrong with the line, or what keeps a session from opening at all (version, role, keys).
 */
export async function identify(surroundings: Surroundings): Promise<Identity> {
  const bench = new Bench(surroundings);
  const identity: Record<string, string> = {};
  try {
    await bench.lineBack(aliveUs);
    await identifyAt(bench, identity);
    if (surroundings.remote !== undefined) await meetAt(bench.remote);
  } finally {
    bench.end();
  }
  return identity;
}

async function identifyAt(bench: Bench, identity: Record<string, string>): Promise<void> {
  try {
    const session = await greeted(bench, identity);
    if (session !== undefined) await inquire(session, identity);
  } catch (error) {
    toldLater(error);
  }
}

/** The same device has to be at its other line. */
async function meetAt(remote: Bench): Promise<void> {
  try {
    await remote.lineBack(aliveUs);
    await greeted(remote, {});
  } catch (error) {
    toldLater(error);
  }
}

/** A device that goes wrong here goes wrong in the checks, where it is told how. */
function toldLater(error: unknown): void {
  if (!(error instanceof Finding)) throw error;
}

async function greeted(bench: Bench, identity: Record<string, string>): Promise<ProbeSession | undefined> {
  const link = await alive(bench);
  const session = bench.newSession(link);
  const { version, role, keyed, capabilities } = await session.greeted();
  Object.assign(identity, { role, 'protocol version': String(version), capabilities: `${capabilities.toString(16)}h` });
  if (version !== session.ownHello().version) throw new RefusalError('version-mismatch', `the device has ${version}`);
  if (role !== bench.role) throw new RefusalError('wrong-role', `the device is ${role}, not ${bench.role}`);
  const isKeyed = bench.key !== undefined;
  if (keyed && !isKeyed) throw new RefusalError('key-unknown', 'the device has a key');
  if (!keyed && isKeyed) throw new RefusalError('key-required', 'the device has none');
  await opened(session);
  return session;
}

async function opened(session: ProbeSession): Promise<void> {
  try {
    await session.open();
  } catch (error) {
    throw refusalOf(session) ?? error;
  }
  await session.link.probe.until(() => session.refused, refusedUs);
  const refusal = refusalOf(session);
  if (refusal !== undefined) throw refusal;
}

/** Why the device wants no session, if that is why no check would say more. */
function refusalOf({ refused, ownRole }: ProbeSession): RefusalError | undefined {
  const code = refused === undefined ? undefined : refusalByNumber(refused.code);
  const detail = refused?.detail === '' ? 'without a word' : refused?.detail;
  return code === undefined ? undefined : endsRun(code, `told by the device, ${detail}; the suite says ${ownRole}`);
}

async function alive(bench: Bench) {
  try {
    return await bench.link();
  } catch (error) {
    if (!(error instanceof Finding)) throw error;
    const { arrivedBytes, decodedFrames, firstBytes } = bench.probe;
    if (arrivedBytes === 0) throw new RefusalError('line-silent', bench.wire.name);
    // A device that goes wrong in its frames goes wrong in the checks; this is none of this protocol.
    if (decodedFrames === 0)
      throw new RefusalError('frame-encoding', noFrames(bench.wire.name, arrivedBytes, firstBytes));
    throw error;
  }
}

function noFrames(line: string, arrivedBytes: number, firstBytes: Uint8Array): string {
  const text = JSON.stringify(Buffer.from(firstBytes).toString('latin1'));
  return `${line}: no frame in ${counted(arrivedBytes, 'byte')} that begin ${text}; coldframe doctor tells more`;
}

async function inquire(session: ProbeSession, identity: Record<string, string>): Promise<void> {
  const unit = new ProbeUnit(session);
  await unit.clearAttentions();
  const standard = await unit.good(inquiryCdb(), 'INQUIRY', { dataInBytesMax: 36 });
  const text = (from: number, to: number) => standard.toString('latin1', from, to).trim();
  Object.assign(identity, { vendor: text(8, 16), product: text(16, 32), revision: text(32, 36) });
  const serial = await unit.command(Buffer.from([0x12, 1, 0x80, 0, 0xff, 0]), { dataInBytesMax: 255 });
  identity.serial = serial.data.toString('latin1', 4).trim();
  const names = await unit.command(Buffer.from([0x12, 1, 0x83, 0, 0xff, 0]), { dataInBytesMax: 255 });
  const naa = nameOf(names.data);
  if (naa !== undefined) identity.name = `naa.${naa}`;
  const capacity = await unit.command(Buffer.from('9e100000000000000000000000200000', 'hex'), { dataInBytesMax: 32 });
  const sectors = decodeCapacity16(capacity.data);
  if (sectors !== undefined) identity.capacity = `${sectors} blocks of 512 bytes`;
}

/** The NAA identifier among the designators of VPD page 83h. */
function nameOf(page: Buffer): string | undefined {
  for (let at = 4; at + 4 <= page.length; at += 4 + (page[at + 3] ?? 0)) {
    const type = (page[at + 1] ?? 0) & 0x0f;
    if (type === 3) return page.toString('hex', at + 4, at + 4 + (page[at + 3] ?? 0));
  }
  return undefined;
}
