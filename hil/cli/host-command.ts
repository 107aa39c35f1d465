/** What the commands of `coldframe host` share: the line, the key, and what to do when it ends otherwise. */
import type { Command } from 'commander';
import type { HostClient } from '../../host/client.js';
import type { MessageNamed } from '../../protocol/message/messages.js';
import { RefusalError } from '../../protocol/refusals.js';
import { type Cipher, ciphers } from '../../protocol/session/ciphers.js';
import { lineSealOf } from '../../protocol/session/line-seal.js';
import { withCapture } from '../capture/capture-file.js';
import { timeOfDayUs } from '../run/clock.js';
import type { HostSession } from '../run/host-session.js';
import { readKeyFile } from '../run/key-file.js';
import { parseLineAddress } from '../run/lines/address.js';
import type { Carried } from '../run/runner-port.js';
import { gather, oneOf } from './arguments.js';
import { captureHelp, captureOption, warnOfCapture } from './capture-option.js';
import { refuseIdle } from './idle-options.js';
import { onEndSignal } from './interrupts.js';
import { Interrupted } from './report-error.js';

export interface HostOptions {
  readonly line: string;
  readonly keyFile?: string;
  readonly cipher?: readonly Cipher[];
  readonly capture?: string;
}

/** Adds a command that talks to a controller. */
export function hostCommand(host: Command, name: string, description: string): Command {
  return host
    .command(name)
    .description(description)
    .requiredOption('--line <line>', 'line to the controller')
    .option('--key-file <file>', 'the key of a sealed line')
    .option('--cipher <cipher>', `of a sealed line: ${ciphers.join(', ')}; may be given twice`, gather(oneOf(ciphers)))
    .addOption(captureOption())
    .hook('preAction', (command) => {
      const { keyFile } = command.opts<HostOptions>();
      if (keyFile === undefined) refuseIdle(command, ['--cipher'], 'on a line that is not sealed; add --key-file');
    })
    .addHelpText('after', captureHelp);
}

/**
 * Opens a session, does the work, closes the session whatever happens. Throws RefusalError of the work, `line-silent`
 * or `line-unavailable` when the controller is silent for ten seconds (or `silenceMsMax`), Interrupted after a signal.
 */
export async function withHost<Result>(
  options: HostOptions,
  work: (client: HostClient) => Promise<Result>,
  { silenceMsMax }: { readonly silenceMsMax?: number } = {},
): Promise<Result> {
  const { HostSession } = await import('../run/host-session.js');
  const { keyFile, cipher } = options;
  const address = parseLineAddress(options.line);
  const seal = lineSealOf({ key: keyFile === undefined ? undefined : readKeyFile(keyFile), ciphers: cipher });
  const limit = silenceMsMax === undefined ? {} : { silenceMsMax };
  return withCapture(options.capture, warnOfCapture, (capture) => {
    const line = capture?.line({ name: 'host', from: 'host', to: 'controller' });
    const onFrame = ({ way, bytes, atUs }: Carried) => line?.take(way, bytes, timeOfDayUs(atUs));
    return withSession(new HostSession({ address, ...seal, ...limit, onFrame }), work);
  });
}

async function withSession<Result>(session: HostSession, work: (client: HostClient) => Promise<Result>) {
  let interrupted = false;
  const off = onEndSignal(() => {
    interrupted = true;
    session.abort({ code: 'line-lost', detail: 'interrupted' });
  });
  try {
    await session.client.opened();
    return await work(session.client);
  } catch (error) {
    throw interrupted ? new Interrupted() : error;
  } finally {
    off();
    await session.close();
  }
}

export interface VolumeRange {
  readonly volume: number;
  readonly offsetBytes: number;
  readonly lengthBytes: number;
}

/** The state of the controller, once a range is known to lie within its volumes. Throws `unknown-volume`, `range-outside`. */
export async function statusFor(client: HostClient, range: VolumeRange): Promise<MessageNamed<'status'>> {
  const status = await client.status();
  const { volume, offsetBytes, lengthBytes } = range;
  const bytes = status.volumes[volume];
  if (bytes === undefined) throw new RefusalError('unknown-volume', `${volume} of ${status.volumes.length}`);
  if (offsetBytes + lengthBytes > bytes) {
    throw new RefusalError('range-outside', `byte ${offsetBytes + lengthBytes} of a volume of ${bytes} bytes`);
  }
  return status;
}
