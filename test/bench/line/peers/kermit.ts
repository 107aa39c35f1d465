/** Kermit as C-Kermit has it: long packets, sliding windows with selective repeat, CRC-16, next to nothing prefixed. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Peer } from './peer.js';

const packetBytes = 500;
const windowPackets = 30;

export const kermit: Peer = {
  name: 'Kermit',
  programs: ['kermit'],
  debianPackage: 'ckermit',
  settings: `packets of ${packetBytes} bytes, windows of ${windowPackets}, 3-byte CRC, minimal prefixing`,
  async prepare({ folder, file, arrived, senderPort, receiverPort, baud }) {
    const run = async (name: string, port: string, work: string) => {
      await writeFile(join(folder, name), [...settings(port, baud), work, 'exit \\v(status)', ''].join('\n'));
      return { program: 'kermit', arguments: [name, '-H'], folder };
    };
    return {
      sender: await run('send.ksc', senderPort, `send ${file}`),
      receiver: await run('receive.ksc', receiverPort, `receive ${arrived}`),
      first: 'receiver',
    };
  },
};

function settings(port: string, baud: number): string[] {
  return [
    ...['set quiet on', 'set carrier-watch off', `set line ${port}`, 'if fail exit 1', `set speed ${baud}`],
    ...[
      'set flow none',
      'set parity none',
      'set file type binary',
      'set file display none',
      'set transfer mode manual',
    ],
    ...['set streaming off', 'set block-check 3', `set window ${windowPackets}`, 'set prefixing minimal'],
    ...[`set send packet-length ${packetBytes}`, `set receive packet-length ${packetBytes}`],
    // The shortest timeouts that it takes; it never gives up by itself.
    ...['set send timeout 1 fixed', 'set receive timeout 1', 'set retry 0', 'set delay 0'],
  ];
}
