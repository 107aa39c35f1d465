/** Lets bytes arrive in real time as a model of a line says. */
import type { Random } from '../../random.js';
import {
  bitTimesPerByte,
  type Delivery,
  type LineCounts,
  LineModel,
  type LineModelOptions,
} from '../../simulate/line-model.js';
import { nowUs } from '../clock.js';

/** What an emulated line does to the bytes of each direction. */
export type Impairments = Omit<LineModelOptions, 'deliveryBytesMax'>;

/** Bytes are delivered in pieces of about this time on the wire, as timers are no finer. */
const deliveryUs = 1000;
/** The sender is told to pause when more than this waits to get on the wire, and to go on below half of it. */
const waitingUsMax = 20_000;

export interface CarrierOptions {
  readonly impairments: Impairments;
  readonly random: Random;
  /** Takes what has arrived; false: it can take no more until `go`. */
  readonly deliver: (bytes: Uint8Array) => boolean;
  /** Called when there is room on the wire again after `take` returned false. */
  readonly onRoom: () => void;
}

export class Carrier {
  readonly #options: CarrierOptions;
  readonly #model: LineModel;
  #onTheWay: Delivery[] = [];
  #bytesOnTheWay = 0;
  #timer: NodeJS.Timeout | undefined;
  #cut = false;
  #blocked = false;
  #full = false;

  constructor(options: CarrierOptions) {
    const { baud } = options.impairments;
    const perDelivery = baud === undefined ? undefined : (baud * deliveryUs) / (bitTimesPerByte * 1_000_000);
    const limit = perDelivery === undefined ? {} : { deliveryBytesMax: Math.max(1, Math.floor(perDelivery)) };
    this.#options = options;
    this.#model = new LineModel({ ...options.impairments, ...limit }, options.random);
  }

  /** Bytes that were taken and have not arrived. */
  get bufferedBytes(): number {
    return this.#bytesOnTheWay;
  }

  get counts(): LineCounts {
    return this.#model.counts;
  }

  /** Takes bytes, all of them; false: the wire is busy for a while, wait for `onRoom`. */
  take(bytes: Uint8Array): boolean {
    const deliveries = this.#model.carry(bytes, nowUs());
    if (!this.#cut) {
      for (const delivery of deliveries) {
        this.#onTheWay.push(delivery);
        this.#bytesOnTheWay += delivery.bytes.length;
      }
    }
    this.#full ||= this.#model.freeAtUs - nowUs() > waitingUsMax || this.#blocked;
    this.#schedule();
    return !this.#full;
  }

  /** While cut, nothing arrives; what was on its way is lost. */
  set cut(cut: boolean) {
    this.#cut = cut;
    if (cut) this.clear();
  }

  /** Loses what is on its way. */
  clear(): void {
    this.#onTheWay = [];
    this.#bytesOnTheWay = 0;
    this.#schedule();
  }

  /** The receiver can take no more until `go`. */
  hold(): void {
    this.#blocked = true;
  }

  go(): void {
    this.#blocked = false;
    this.#schedule();
  }

  /** As `clear`, and forgets that anybody waits. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#onTheWay = [];
    this.#bytesOnTheWay = 0;
    this.#full = false;
    this.#blocked = false;
  }

  /** Looks again when the next bytes arrive, or when the sender may go on. */
  #schedule(): void {
    if (this.#timer !== undefined) return;
    const next = this.#blocked ? undefined : this.#onTheWay[0]?.atUs;
    const roomAtUs = this.#full && !this.#blocked ? this.#model.freeAtUs - waitingUsMax / 2 : undefined;
    if (next === undefined && roomAtUs === undefined) return;
    const atUs = Math.min(next ?? Number.POSITIVE_INFINITY, roomAtUs ?? Number.POSITIVE_INFINITY);
    this.#timer = setTimeout(this.#wake, Math.max(0, Math.ceil((atUs - nowUs()) / 1000)));
  }

  readonly #wake = (): void => {
    this.#timer = undefined;
    this.#arrive();
    if (this.#full && !this.#blocked && this.#model.freeAtUs - nowUs() <= waitingUsMax / 2) {
      this.#full = false;
      this.#options.onRoom();
    }
    this.#schedule();
  };

  /** Delivers what has arrived by now, in one piece. */
  #arrive(): void {
    const untilUs = nowUs();
    const first = this.#onTheWay.findIndex(({ atUs }) => atUs > untilUs);
    const arrived = this.#onTheWay.splice(0, first === -1 ? this.#onTheWay.length : first);
    if (arrived.length === 0) return;
    const bytes = arrived.length === 1 && arrived[0] ? arrived[0].bytes : Buffer.concat(arrived.map((a) => a.bytes));
    this.#bytesOnTheWay -= bytes.length;
    if (!this.#options.deliver(bytes)) this.#blocked = true;
  }
}
