/** What `coldframe doctor` does. */
import { RefusalError } from '../../protocol/refusals.js';
import { readBenchFile } from '../bench/bench-file.js';
import { linesOfBench } from '../doctor/bench-lines.js';
import { type Examined, type ExamineOptions, examineLine, type LineToExamine } from '../doctor/examine.js';
import { type Finding, isBlocking } from '../doctor/finding.js';
import { checkPort } from '../doctor/port-check.js';
import { counted } from '../report/quantity.js';
import { readKeyFile } from '../run/key-file.js';
import { listPorts, type PortPlaces, portPlaces } from '../run/ports.js';
import { onEndSignal } from './interrupts.js';
import { Interrupted } from './report-error.js';

export interface DoctorOptions {
  readonly bench?: string;
  readonly line?: string;
  readonly keyFile?: string;
  /** In seconds. */
  readonly timeout: number;
  readonly json?: boolean;
  /** Where this computer keeps its ports, unless given. */
  readonly places?: PortPlaces;
}

const foundExit = 1;
const unavailableExit = 3;

/** Examines and tells; returns the exit code. Throws RefusalError for files and arguments that are wrong. */
export async function runDoctor(options: DoctorOptions, out: { write(text: string): unknown }): Promise<number> {
  const { json, timeout, places = portPlaces } = options;
  const lines = linesToExamine(options);
  const examined: Examined[] = [];
  const take = (each: Examined) => {
    examined.push(each);
    if (json !== true) out.write(examinedText(each));
  };
  if (lines === undefined) for (const port of await portsFromOutside(places)) take(port);
  else for await (const each of examinedUnlessInterrupted(lines, { places, patienceMs: timeout * 1000 })) take(each);
  const findings = examined.flatMap((each) => each.findings);
  const exit = findings.length === 0 ? 0 : findings.some(isBlocking) ? unavailableExit : foundExit;
  if (json === true) out.write(`${JSON.stringify({ exit, lines: examined.map(jsonOf) })}\n`);
  else out.write(`${summary(examined, findings)}\n`);
  return exit;
}

/** Throws Interrupted after a signal, once the line under way is closed: a listener leaves no socket behind. */
async function* examinedUnlessInterrupted(lines: readonly LineToExamine[], options: ExamineOptions) {
  const controller = new AbortController();
  const { signal } = controller;
  const off = onEndSignal(() => controller.abort());
  try {
    for (const line of lines) {
      const examined = await examineLine(line, { ...options, signal });
      if (signal.aborted) throw new Interrupted();
      yield examined;
    }
  } finally {
    off();
  }
}

function linesToExamine({ bench, line, keyFile }: DoctorOptions): LineToExamine[] | undefined {
  if (bench !== undefined && line !== undefined)
    throw new RefusalError('argument-invalid', '--bench or --line, not both');
  if (keyFile !== undefined && line === undefined) {
    throw new RefusalError('argument-invalid', '--key-file goes with --line; a bench file names its own');
  }
  if (bench !== undefined) return linesOfBench(readBenchFile(bench));
  if (line === undefined) return undefined;
  if (line.startsWith('pty:'))
    throw new RefusalError('argument-invalid', '--line pty: would be a new line with nobody there');
  return [
    { name: '--line', address: line, role: 'host', key: keyFile === undefined ? undefined : readKeyFile(keyFile) },
  ];
}

/** The ports of this computer, none of them opened. */
async function portsFromOutside(places: PortPlaces): Promise<Examined[]> {
  const ports = await listPorts(places);
  return ports.map(({ path, byIdPath }) => ({
    ...{ name: path, address: `serial:${byIdPath ?? path}`, peer: undefined, findings: checkPort(path, places) },
  }));
}

function jsonOf({ peer, ...rest }: Examined) {
  return { ...rest, peer: peer ?? null };
}

function examinedText({ name, address, peer, findings }: Examined): string {
  const well = peer === undefined ? 'nothing wrong to be seen' : `${peer} answers`;
  const lines = findings.length === 0 || peer !== undefined ? [`  ✓ ${well}`] : [];
  return `${[`${name}  ${address}`, ...lines, ...findings.flatMap(findingLines)].map(printable).join('\n')}\n`;
}

function findingLines({ kind, what, seen, remedy }: Finding): string[] {
  return [`  ✕ ${kind}: ${what}`, `      seen: ${seen}`, `      do:   ${remedy}`];
}

function summary(examined: readonly Examined[], findings: readonly Finding[]): string {
  if (examined.length === 0) return 'no lines to examine: everything on this bench is started here';
  const lines = counted(examined.length, 'line');
  return findings.length === 0 ? `${lines}: all is well` : `${lines}: ${counted(findings.length, 'finding')}`;
}

/** Text from the other end of a line must not steer the terminal. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ');
}
