/** Protocol i of Taylor UUCP: packets with CRC-32, sliding windows, selective repeat by negative acknowledgements. */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execute } from './execute.js';
import type { Peer } from './peer.js';

const packetBytes = 512;
/** The most that it takes. */
const windowPackets = 16;

type Side = 'near' | 'far';

export const uucp: Peer = {
  name: 'UUCP i',
  programs: ['uucp', '/usr/sbin/uucico'],
  debianPackage: 'uucp',
  settings: `packets of ${packetBytes} bytes, windows of ${windowPackets}, timeout 1 s`,
  async prepare({ folder, file, arrived, senderPort, receiverPort, baud }) {
    const near = await site(folder, 'near', senderPort, baud);
    const far = await site(folder, 'far', receiverPort, baud);
    await execute('uucp', ['-I', near, '-r', '-W', join(folder, file), `cf-far!${arrived}`]);
    const uucico = (config: string, words: readonly string[]) => ({
      ...{ program: '/usr/sbin/uucico', folder },
      arguments: ['-I', config, '--nodetach', ...words],
    });
    return {
      sender: uucico(near, ['--master', '--system', 'cf-far', '--port', 'line']),
      receiver: { ...uucico(far, ['--login', 'uucp']), port: receiverPort },
      // Who calls throws away what has arrived before.
      first: 'sender',
    };
  },
};

/** Writes the configuration of a site; returns its main file. */
async function site(folder: string, side: Side, port: string, baud: number): Promise<string> {
  const at = join(folder, side);
  // The programs are another user by themselves.
  for (const path of [at, ...['spool', 'public', 'lock'].map((name) => join(at, name))]) {
    await mkdir(path);
    await chmod(path, 0o777);
  }
  const files = { sysfile: system(side), portfile: direct(port, baud), dialfile: '', callfile: '', passwdfile: '' };
  for (const [name, text] of Object.entries(files)) await writeFile(join(at, name), text);
  const config = join(at, 'config');
  const folders = {
    spool: 'spool',
    pubdir: 'public',
    lockdir: 'lock',
    logfile: 'log',
    statfile: 'stats',
    debugfile: 'debug',
  };
  const places = [...Object.entries(folders), ...Object.keys(files).map((name) => [name, name])];
  await writeFile(
    config,
    [`nodename cf-${side}`, ...places.map(([key, name]) => `${key} ${join(at, name ?? '')}`), ''].join('\n'),
  );
  return config;
}

function direct(port: string, baud: number): string {
  return ['port line', 'type direct', `device ${port}`, `speed ${baud}`, 'carrier false', 'hardflow false', ''].join(
    '\n',
  );
}

function system(side: Side): string {
  return [
    ...[
      'protocol i',
      `protocol-parameter i window ${windowPackets}`,
      `protocol-parameter i packet-size ${packetBytes}`,
    ],
    ...['protocol-parameter i timeout 1', 'protocol-parameter i retries 1000', 'protocol-parameter i errors 1000000'],
    ...['local-send /', 'local-receive /', 'remote-send /', 'remote-receive /'],
    ...['time any', 'port line', 'chat ""', 'max-retries 0', 'success-wait 0', ''],
    ...[`system cf-${side === 'near' ? 'far' : 'near'}`, 'called-login ANY', ''],
  ].join('\n');
}
