/** What people write: configuration, golden files, key files, arguments. */
import { readFileSync } from 'node:fs';
import { parseBench } from '../../../hil/bench/bench-file.js';
import { parseScenario } from '../../../hil/job/scenario-file.js';
import { scenarioPath, shippedScenarios } from '../../../hil/job/shipped-scenarios.js';
import { parseReport, reportJson } from '../../../hil/report/json.js';
import { parseArea } from '../../../hil/run/disks/area.js';
import { parseKey } from '../../../hil/run/key-file.js';
import { formatLineAddress, parseLineAddress } from '../../../hil/run/lines/address.js';
import { formatSize, parseSize } from '../../../hil/run/sizes.js';
import { ManifestParser } from '../../../host/golden/manifest-parser.js';
import { sampleRecord } from '../../hil/report/sample-record.js';
import { bufferOf, property, refusingOnly, type Target } from '../target.js';

const textOf = (input: Uint8Array): string => bufferOf(input).toString('utf8');
const words = (...texts: readonly string[]): Buffer[] => texts.map((text) => Buffer.from(text));
const yamlWords = words(
  ...['&a ', '*a', '- ', ': ', '\n', '\n  ', '{', '}', '[', ']', '? ', '|\n', '>\n', '!!set ', '<<: ', '~', '"', '#'],
  ...['%YAML 1.1\n---\n', '---\n', '...\n', '.inf', '.nan', '0x7f', '1e999', '-1', '$writes', '$a', 'null'],
);

/** Input: a bench file. */
export const benchFile: Target = {
  runsInTests: 60,
  name: 'bench-file',
  about: 'bench files (YAML)',
  seeds: words(
    'kind: processes\nmethod: streaming\nblock: 8KiB\nvolumes: [{size: 1MiB}, {size: 65536}]\n',
    'lines: {remote: {baud: 115200, latency: 2, ber: 1e-6}}\nhooks: {quiesce: "true", powerOff: {sub: ./off}}\n',
    'kind: lines\nlines:\n  host: tcp://h:1\n  sub: "serial:/dev/ttyUSB1?baud=9600"\nroles: {main: line, sub: line}\n',
    'volumes:\n  - &a {size: 1MiB}\n  - *a\ntransport: pty\nkeyFile: pair.key\n',
  ),
  words: [
    ...yamlWords,
    ...words('kind', 'method', 'lines', 'roles', 'volumes', 'size', 'host', 'sub', 'line', 'model'),
  ],
  inputBytesMax: 2048,
  allocates: { fixedBytes: 16 * 2 ** 20, perByte: 32_768 },
  holds: { fixedBytes: 2 ** 14, perByte: 64 },
  modules: ['hil/bench/bench-file', 'hil/yaml-file', 'yaml/'],
  run: (input) =>
    refusingOnly(['configuration-invalid'], () => {
      const bench = parseBench('bench.yaml', textOf(input));
      return { label: bench.kind, output: bench };
    }),
};

/** Input: a scenario file. */
export const scenarioFile: Target = {
  runsInTests: 60,
  name: 'scenario-file',
  about: 'scenario files (YAML)',
  seeds: [
    ...shippedScenarios().map((name) => readFileSync(scenarioPath(name))),
    ...words(
      'steps:\n  - write: {writes: 3}\n  - freeze\n  - wait: structured\n  - cut: {ms: 5, steps: [verify]}\n',
      'parameters: {a: 1}\nsteps:\n  - repeat: {times: $a, steps: [{powerOff: {role: sub, ms: 3}}, {pass: 1}]}\n',
      'bench: {volumes: [{size: 1MiB}]}\nsteps: [{image: disk.img}, {expectRefused: {instruction: freeze, code: line-lost}}]\n',
    ),
  ],
  words: [...yamlWords, ...words('steps', 'repeat', 'times', 'write', 'freeze', 'cut', 'wait', 'kind', 'parameters')],
  inputBytesMax: 2048,
  allocates: { fixedBytes: 16 * 2 ** 20, perByte: 32_768 },
  holds: { fixedBytes: 2 ** 14, perByte: 64 },
  modules: ['hil/job/scenario-file', 'hil/bench/bench-file', 'hil/yaml-file', 'yaml/'],
  run: (input) =>
    refusingOnly(['configuration-invalid'], () => {
      const scenario = parseScenario('scenario.yaml', textOf(input), { writes: 2 });
      return { label: `${Math.min(scenario.steps.length, 4)} steps`, output: scenario };
    }),
};

// From test/host/golden/golden-file.test.ts; digests made by python3.
const golden = [
  '{"coldframeGolden":1,"blockBytes":512,"digest":"69cfb7782032ce9c746a46fc1bb3ca7b","volumes":[{"bytes":32768,',
  '"writtenBlocks":3},{"bytes":4096,"writtenBlocks":1}],"provenance":{"generation":3,"epoch":1,"createdBy":"t"}}\n',
  '0 1+2 KDmP8Ea8U1ojfeGVFVKXviJyrmkbauml5qLnM5msD0k=\n0 17+1 csSpIuA9wLC0fhubj4RWjg==\n',
  '1 0+1 7q7EqHYOUP0d0J/iDT4Wpw==\n',
].join('');

/** Input: a golden file, in chunks of as many bytes as its length modulo 97 says. */
export const goldenFile: Target = {
  name: 'golden-file',
  about: 'golden files: manifests of what volumes must hold',
  seeds: words(golden, golden.replaceAll('\n', '\r\n'), golden.slice(0, -40)),
  words: words('0 17+1 ', '0 0+0 A\n', '"history":[', '"volumes":[', '1e308', '9007199254740991', '{', '\r', '\n'),
  inputBytesMax: 4096,
  holds: { fixedBytes: 2 ** 15, perByte: 64 },
  modules: ['host/golden/'],
  run: (input) =>
    refusingOnly(['golden-invalid'], () => {
      const parser = new ManifestParser('image.golden');
      const chunkBytes = 1 + (input.length % 97);
      for (let at = 0; at < input.length; at += chunkBytes) parser.push(input.subarray(at, at + chunkBytes));
      const found = parser.finish();
      return { label: `${found.volumes.length} volumes`, output: found };
    }),
};

/** Input: a key file. */
export const keyFile: Target = {
  name: 'key-file',
  about: 'key files',
  seeds: words(`${'0123456789abcdef'.repeat(4)}\n`, 'ABCDEF0123456789'.repeat(4), ''),
  inputBytesMax: 256,
  modules: ['hil/run/key-file'],
  run: (input) =>
    refusingOnly(['key-file-invalid'], () => {
      const key = parseKey(input, 'pair.key');
      property(textOf(input).trimEnd().toLowerCase() === bufferOf(key).toString('hex'), 'the digits are the key');
      return { label: 'key', output: key };
    }),
};

/** Input: a size. */
export const size: Target = {
  name: 'size',
  about: 'sizes such as 64MiB',
  seeds: words('64MiB', '1 TiB', '512', ' 3kib '),
  words: words('KiB', 'TiB', '9', '00', ' '),
  inputBytesMax: 256,
  modules: ['hil/run/sizes'],
  run: (input) =>
    refusingOnly(['argument-invalid'], () => {
      const bytes = parseSize(textOf(input));
      property(parseSize(formatSize(bytes)) === bytes, 'it is written as it was');
      return { label: 'size', output: bytes };
    }),
};

const addresses = words(
  ...['serial:/dev/ttyUSB0?baud=921600&rtscts=1', 'tcp://127.0.0.1:7001', 'tcp-listen://[::1]:0', 'unix:/run/x.sock'],
  ...['unix-listen:/run/x.sock', 'pty:', 'pty:?baud=9600', 'serial:/dev/a%3Fb'],
);

/** Input: the address of a line. */
export const lineAddress: Target = {
  name: 'line-address',
  about: 'addresses of lines',
  seeds: addresses,
  words: words('?', '&', 'baud=', 'rtscts=1', '%25', '%3F', '[', ']', ':', '//', '%zz'),
  inputBytesMax: 256,
  modules: ['hil/run/lines/address'],
  run: (input) =>
    refusingOnly(['line-address'], () => {
      const address = parseLineAddress(textOf(input));
      const again = parseLineAddress(formatLineAddress(address));
      property(JSON.stringify(again) === JSON.stringify(address), 'it is written as it was');
      return { label: address.kind, output: address };
    }),
};

/** Input: an area. */
export const area: Target = {
  name: 'area',
  about: 'areas: files, memory, disks at lines',
  seeds: [...addresses, ...words('memory:64MiB', 'memory:', 'primary.img')],
  inputBytesMax: 256,
  modules: ['hil/run/disks/area', 'hil/run/lines/address', 'hil/run/sizes'],
  run: (input) =>
    refusingOnly(['line-address', 'argument-invalid'], () => {
      const found = parseArea(textOf(input));
      return { label: found.kind, output: found };
    }),
};

/** Input: report.json of a run. */
export const report: Target = {
  name: 'report',
  about: 'report.json of a run',
  seeds: [
    Buffer.from(reportJson(sampleRecord({ writes: 1, blocks: 64 }))),
    Buffer.from(
      reportJson({
        ...sampleRecord({ writes: 1, blocks: 64 }),
        generations: [],
        blockMaps: [],
        latencies: [],
        events: [],
      }),
    ),
  ],
  words: words('"', '{', '[', '1e308', '-1', 'null', '"states":"u1', '"version": 1'),
  inputBytesMax: 8192,
  allocates: { fixedBytes: 4 * 2 ** 20, perByte: 1024 },
  holds: { fixedBytes: 2 ** 15, perByte: 64 },
  modules: ['hil/report/json', 'hil/report/run-record'],
  run: (input) =>
    refusingOnly(['configuration-invalid'], () => {
      const found = parseReport(textOf(input));
      property(parseReport(reportJson(found)).runId === found.runId, 'it is written as it was');
      return { label: found.verdict, output: found };
    }),
};
