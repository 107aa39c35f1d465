/** Runs a plan and tells what happened, so that a person can follow it: who did what when, up to what went wrong. */
import type { Configuration, Plan } from './plan.js';
import { PlanRun, type PlanRunOptions } from './run-plan.js';
import { endingOf } from './story-ending.js';
import { type StoryEvent, StoryRecorder } from './story-recorder.js';
import { timeText } from './time-text.js';

export interface StoryOptions {
  /** Where the plan lies, for the line that replays it. */
  readonly file?: string;
  /** With escape sequences for a terminal. */
  readonly colour?: boolean;
  /** The most lines of events; what lies in the middle is left out. */
  readonly linesMax?: number;
  /** How the plan is run, where that is not the usual. */
  readonly how?: Omit<PlanRunOptions, 'witness'>;
}

interface Line {
  readonly text: string;
  readonly kind: StoryEvent['kind'];
}

type Paint = (text: string, colour: keyof typeof colours) => string;

const colours = { fault: 33, power: 36, violation: 31, quiet: 2 };
const linesDefaultMax = 100;
const heapsTextMax = 220;

/** The same plan tells the same story. */
export function tellStory(
  plan: Plan,
  { file = 'FILE', colour = false, linesMax = linesDefaultMax, how = {} }: StoryOptions = {},
): string {
  const paint: Paint = (text, name) => (colour ? `\u001b[${colours[name]}m${text}\u001b[0m` : text);
  const recorder = new StoryRecorder();
  const run = new PlanRun(plan, { ...how, witness: recorder });
  const { violation } = run.run();
  const [headline = '', ...more] = violation === undefined ? ['no violation'] : endingOf(violation, run, recorder);
  return [
    ...configurationLines(plan),
    '',
    ...shortened(linesOf(recorder.events), linesMax).map(({ text, kind }) =>
      kind === 'work' ? text : paint(text, kind),
    ),
    '',
    violation === undefined ? headline : paint(headline, 'violation'),
    ...more.map((line) => `  ${line}`),
    '',
    paint(`replay: coldframe sim --replay ${file}`, 'quiet'),
    '',
  ].join('\n');
}

function configurationLines({ configuration, seed, operations, faults }: Plan): readonly string[] {
  const { method, blockBytes, volumeSectors, shadowBlocks, stagingBlocks, sealed, windows } = configuration;
  const volumes = `${numbered(volumeSectors.length, 'volume')} of ${volumeSectors.map((each) => numbered(each, 'sector')).join(', ')}`;
  const areas = `blocks of ${blockBytes} bytes, shadow ${shadowBlocks}, staging ${stagingBlocks} blocks`;
  const { accessUs, flushUs, late } = configuration.disks;
  const disks = `disks ${accessUs} µs, flush ${flushUs} µs, in effect ${late ? 'late' : 'at once'}`;
  const size = `${numbered(operations.length, 'operation')}, ${numbered(faults.length, 'fault')}, seed ${seed}`;
  return [
    `${method}${sealed ? ', sealed' : ''}${windowsText(windows)}; ${volumes}; ${areas}; ${size}`,
    `lines: host ${lineText(configuration.hostLine)}, main – sub ${lineText(configuration.remoteLine)}; ${disks}`,
  ];
}

function numbered(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function lineText({ baud, latencyUs }: Configuration['hostLine']): string {
  const speed = baud === 0 ? 'at once' : `${baud} baud`;
  return latencyUs === 0 ? speed : `${speed} + ${latencyUs} µs`;
}

/** One line for each event; what lies in heaps is told together, until something else happens. */
function linesOf(events: readonly StoryEvent[]): readonly Line[] {
  const lines: Line[] = [];
  let heaps = new Map<string, StoryEvent[]>();
  let toldUs: number | undefined;
  const tell = (atUs: number, text: string, kind: Line['kind']) => {
    const time = atUs === toldUs ? '' : timeText(atUs);
    toldUs = atUs;
    lines.push({ text: `${time.padStart(14)}  ${text}`, kind });
  };
  const tellHeaps = () => {
    const [first] = heaps.values();
    if (first?.[0] !== undefined) tell(first[0].atUs, `      … ${heapsText(heaps)}`, 'work');
    heaps = new Map();
  };
  for (const event of events) {
    if (event.heap === undefined) {
      tellHeaps();
      tell(event.atUs, `${event.who.padEnd(4)}  ${event.kind === 'fault' ? 'FAULT ' : ''}${event.text}`, event.kind);
    } else heaps.set(event.heap, [...(heaps.get(event.heap) ?? []), event]);
  }
  tellHeaps();
  return lines;
}

function heapsText(heaps: ReadonlyMap<string, readonly StoryEvent[]>): string {
  const text = [...heaps].map(([heap, events]) => `${heap}: ${heapText(events)}`).join('; ');
  return text.length > heapsTextMax ? `${text.slice(0, heapsTextMax)} …` : text;
}

function heapText(events: readonly StoryEvent[]): string {
  const counts = new Map<string, number>();
  for (const { text } of events) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts].map(([text, count]) => (count === 1 ? text : `${text} ×${count}`)).join(', ');
}

function shortened(lines: readonly Line[], linesMax: number): readonly Line[] {
  if (lines.length <= linesMax) return lines;
  const first = Math.floor(linesMax / 3);
  const left = lines.length - linesMax;
  return [...lines.slice(0, first), { text: `  … ${left} lines`, kind: 'work' }, ...lines.slice(first + left)];
}

function windowsText(windows: Configuration['windows']): string {
  const text = (windowBits: number) => (windowBits === 0 ? 'none' : `2^${windowBits}`);
  return windows === undefined ? '' : `, windows of main ${text(windows.main)}, of the sub ${text(windows.sub)}`;
}
