/**
 * The host port of a controller: a SCSI target whose logical units are the volumes of the group. What a unit answers
 * without its medium is answered here; commands for the medium are handed to the controller.
 */
import { sectorBytes } from '../../protocol/ids.js';
import type { MessageNamed } from '../../protocol/message/messages.js';
import type { Completion, MediumCommand } from '../../protocol/scsi/commands.js';
import type { Sense } from '../../protocol/scsi/sense.js';
import { Target, type TargetEffect } from '../../protocol/scsi/target.js';
import { coldframeIdentity } from '../../protocol/scsi/unit-profile.js';
import { answerAbsentUnit, DeviceServer } from '../disk/device-server.js';
import type { Board } from './board.js';

/** A medium command that has arrived in full. */
export interface HostCommand {
  readonly id: number;
  /** The host's tag, in this session of the port. */
  readonly tag: number;
  readonly session: number;
  readonly volume: number;
  readonly command: MediumCommand;
}

export interface HostPortOptions {
  readonly board: Pick<Board<never>, 'send' | 'log'>;
  readonly product: string;
  /** Distinguishes the units of different pairs: part of the serial numbers. */
  readonly serial: string;
  readonly volumes: readonly number[];
  readonly onCommand: (command: HostCommand) => void;
}

const bufferBytesMax = 16 * 2 ** 20;
/** Commands that a host may have under way. */
export const hostCommandsMax = 128;

export class HostPort {
  readonly #options: HostPortOptions;
  readonly #target: Target;
  readonly #units: DeviceServer[];
  readonly #luns: readonly number[];
  #session = 0;

  constructor(options: HostPortOptions) {
    this.#options = options;
    this.#luns = options.volumes.map((_, index) => index);
    this.#target = new Target({ bufferBytesMax, commandsMax: hostCommandsMax, luns: this.#luns });
    this.#units = options.volumes.map((bytes, index) => this.#unit(bytes, index));
    for (const unit of this.#units) unit.powerOn();
  }

  /** Tags of commands received in full and not answered, in order of arrival. */
  receivedTags(): number[] {
    return this.#target.received().map(({ tag }) => tag);
  }

  /** Whether its host still waits for the end of a command: it has not aborted it, nor ended its session. */
  isAwaited({ tag, session }: Pick<HostCommand, 'tag' | 'session'>): boolean {
    return session === this.#session && this.receivedTags().includes(tag);
  }

  /** Commands that are not answered, by the host's tag. */
  inHand(): string[] {
    return this.receivedTags().map((tag) => `host command with tag ${tag}`);
  }

  /** Why medium commands are refused for now; undefined to carry them out. */
  setNotReady(sense: Sense | undefined): void {
    for (const unit of this.#units) unit.notReady = sense;
  }

  /** Refuses everything that would change a volume, with DATA PROTECT. */
  setWriteProtected(value: boolean): void {
    for (const unit of this.#units) unit.writeProtected = value;
  }

  receive(message: MessageNamed<'command' | 'dataOut' | 'taskManagement'>): void {
    this.#carryOut(this.#target.receive(message));
  }

  answer(id: number, completion: Completion): void {
    this.#carryOut(this.#target.complete(id, completion));
  }

  /** The session that is open, or was last: its tags mean nothing in the next one. */
  get session(): number {
    return this.#session;
  }

  sessionClosed(): void {
    this.#session += 1;
    this.#target.reset();
  }

  #unit(bytes: number, index: number): DeviceServer {
    const identity = coldframeIdentity({ product: this.#options.product, serial: `${this.#options.serial}-${index}` });
    const capacitySectors = bytes / sectorBytes;
    return new DeviceServer({ identity, capacitySectors, writeCacheEnabled: false, luns: this.#luns });
  }

  #carryOut(effects: readonly TargetEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'send') this.#options.board.send('host', effect.message);
      else if (effect.kind === 'execute') this.#execute(effect);
      else if (effect.kind === 'unitReset') this.#units[effect.lun]?.attend('unitReset');
      else this.#options.board.log('warning', `host port: ${effect.refusal.code}: ${effect.refusal.detail}`);
    }
  }

  #execute({ id, tag, lun, cdb, dataOut }: Extract<TargetEffect, { kind: 'execute' }>): void {
    const unit = this.#units[lun];
    if (unit === undefined) {
      const identity = coldframeIdentity({ product: this.#options.product, serial: this.#options.serial });
      this.answer(id, answerAbsentUnit(cdb, identity, this.#luns));
      return;
    }
    const outcome = unit.execute(cdb, dataOut);
    if (outcome.kind === 'answer') this.answer(id, outcome.completion);
    else this.#options.onCommand({ id, tag, session: this.#session, volume: lun, command: outcome.command });
  }
}
