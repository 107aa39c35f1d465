/** A program that somebody else wrote to bring files over a serial line, and how it is run here. */

export interface Peer {
  readonly name: string;
  /** Programs that have to be there, by name, and the Debian package that has them. */
  readonly programs: readonly string[];
  readonly debianPackage: string;
  /** The settings that are not its own defaults, for whoever reads the figures. */
  readonly settings: string;
  /** Writes what the programs want to find, and says how they are run. */
  prepare(transfer: PeerTransfer): Promise<PeerCommands>;
}

/** One file on its way. */
export interface PeerTransfer {
  /** A folder of this transfer alone, which everybody may use. */
  readonly folder: string;
  /** Name of the file to send, in this folder. */
  readonly file: string;
  /** Where it has to arrive. */
  readonly arrived: string;
  /** The serial ports of sender and receiver. */
  readonly senderPort: string;
  readonly receiverPort: string;
  readonly baud: number;
}

export interface PeerCommands {
  readonly sender: PeerCommand;
  readonly receiver: PeerCommand;
  /** Which of them has to be there before the other. */
  readonly first: 'sender' | 'receiver';
}

export interface PeerCommand {
  readonly program: string;
  readonly arguments: readonly string[];
  readonly folder: string;
  /** The port that it has as its input and output; otherwise it opens one by itself. */
  readonly port?: string;
}
