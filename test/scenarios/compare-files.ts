/** cmp(1), as a person would use it. */
import { execFile } from 'node:child_process';

/** What cmp prints of two files, undefined when they are equal. Rejects when it cannot read them. */
export function compareFiles(one: string, other: string): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    execFile('cmp', [one, other], (error, stdout, stderr) => {
      if (error === null) resolve(undefined);
      else if (error.code === 1) resolve(`${stdout}${stderr}`.trim());
      else reject(error);
    });
  });
}
