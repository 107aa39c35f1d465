/** QEMU's monitor, and the adapters that it plugs in and pulls out. */
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

const adapter = (name: string, line: number) =>
  `usb-serial,id=${name},chardev=line${line},serial=${name.toUpperCase()},bus=usb.0`;

/** Two FT232 chips whose lines are joined. */
export const adapters = { alpha: adapter('alpha', 0), beta: adapter('beta', 1) };

export class Monitor {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** Gives a command; what came of it is seen in the machine. */
  async command(text: string): Promise<void> {
    const socket = connect(this.#path);
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    socket.resume();
    socket.write(`${text}\n`);
    // The monitor carries out what it has been given when its turn comes, and hangs up on who leaves before.
    await pause(500);
    socket.destroy();
  }
}
