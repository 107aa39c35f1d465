/**
 * Estimates the round trip and from it how long to wait for the tail of what was sent (RFC 6298).
 */
const firstTimeoutUs = 500_000;
const timeoutUsMin = 60_000;
const deviationUsMin = 20_000;
const backoffUsMax = 1_000_000;
/** How long a receiver may hold back an acknowledgement. */
export const acknowledgementDelayUs = 20_000;

export class RoundTrip {
  #smoothedUs: number | undefined;
  #deviationUs = 0;
  #doublings = 0;
  #waiting = false;

  /** Takes a measurement, of something that was sent once only. */
  sample(roundTripUs: number): void {
    if (this.#smoothedUs === undefined) {
      this.#smoothedUs = roundTripUs;
      this.#deviationUs = roundTripUs / 2;
      return;
    }
    this.#deviationUs += (Math.abs(roundTripUs - this.#smoothedUs) - this.#deviationUs) / 4;
    this.#smoothedUs += (roundTripUs - this.#smoothedUs) / 8;
  }

  /** An acknowledgement brought news. */
  heard(): void {
    this.#waiting = false;
    this.#doublings = 0;
  }

  /** A timeout ended without news; after complete silence the next one is twice as long. */
  silent(completely: boolean): void {
    this.#waiting = true;
    if (completely) this.#doublings += 1;
  }

  /** Whether a timeout has ended and no news have come since. */
  get waiting(): boolean {
    return this.#waiting;
  }

  /** How long to wait now, in whole microseconds. */
  get timeoutUs(): number {
    const base = this.#baseUs();
    return Math.round(Math.min(base * 2 ** this.#doublings, Math.max(backoffUsMax, 2 * base)));
  }

  #baseUs(): number {
    if (this.#smoothedUs === undefined) return firstTimeoutUs;
    const margin = Math.max(4 * this.#deviationUs, deviationUsMin) + acknowledgementDelayUs;
    return Math.max(timeoutUsMin, this.#smoothedUs + margin);
  }
}
