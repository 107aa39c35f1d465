/** ZMODEM as lrzsz has it: CRC-32 for subpackets of 1024 bytes, sent in a stream; an error makes the receiver ask from where on. */
import { dirname } from 'node:path';
import type { Peer } from './peer.js';

/** Bytes that may be unacknowledged: without a limit everything that the port has taken is sent in vain after an error. */
const windowBytes = 8192;

export const zmodem: Peer = {
  name: 'ZMODEM',
  programs: ['sz', 'rz'],
  debianPackage: 'lrzsz',
  settings: `window ${windowBytes}, subpackets of 1024 bytes, CRC-32`,
  async prepare({ folder, file, arrived, senderPort, receiverPort }) {
    const quiet = ['--binary', '--quiet'];
    return {
      sender: { program: 'sz', arguments: [...quiet, '-w', `${windowBytes}`, file], folder, port: senderPort },
      receiver: { program: 'rz', arguments: quiet, folder: dirname(arrived), port: receiverPort },
      first: 'receiver',
    };
  },
};
