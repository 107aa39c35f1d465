/** The example is part of our tests in virtual time; here it runs on processes. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';

const at = (path: string) => fileURLToPath(new URL(`../../../../${path}`, import.meta.url));

describe('the example', () => {
  it('passes on models as processes', async () => {
    const mocha = [at('node_modules/mocha/bin/mocha.js'), '--no-config', '--reporter', 'json', '--timeout', '20000'];
    const env = { ...process.env, COLDFRAME_BENCH: 'processes' };
    const ran = promisify(execFile)(process.execPath, [...mocha, at('dist/examples/first-bench.spec.js')], { env });
    const { stdout } = await ran;
    const { stats } = JSON.parse(stdout) as { stats: { passes: number; failures: number; pending: number } };
    expect(stats).to.include({ passes: 3, failures: 0, pending: 0 });
  });
});
