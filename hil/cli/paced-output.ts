/** Long output, at the pace of whoever reads it, and no longer than somebody does. */

/** Lines that are written together, in characters. */
const togetherMax = 65_536;

export class PacedOutput {
  #waiting: string[] = [];
  #length = 0;

  /** Takes a line, without its end. False: the reader has left. */
  async line(text: string): Promise<boolean> {
    this.#waiting.push(text, '\n');
    this.#length += text.length + 1;
    return this.#length < togetherMax || this.flush();
  }

  /** Waits until all that was taken has been read, or the reader has left. */
  flush(): Promise<boolean> {
    const text = this.#waiting.join('');
    this.#waiting = [];
    this.#length = 0;
    if (!process.stdout.writable) return Promise.resolve(false);
    return new Promise((resolve) => {
      process.stdout.write(text, (error) => resolve(error === undefined || error === null));
    });
  }
}
