/** `--console` of models as processes. */
import { Option } from 'commander';

export const consoleOption = (): Option =>
  new Option('--console', 'take orders on stdin, one a line, and answer each on stdout');

/** The help that goes with it. */
export const consoleHelp = `
--console lets disks fail on order: "error staging0 write 3" makes the next three writes to that area end with a
medium error, 0 mends it. The answer is "ok", or "refused" with a code and why.`;
