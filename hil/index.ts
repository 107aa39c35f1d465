/**
 * Coldframe as a library: what the command line is made of.
 *
 * - benches: `openBench`, `readBenchFile`, `EmulatorBench`, `EmulatedBench`
 * - the host: `HostClient`, golden images, workloads
 * - lines: `openLine`, `parseLineAddress`
 * - runs: `readScenario`, `runScenario`, `writeReport`
 * - refusals: `RefusalError`, `refusals`
 *
 * Tests find `useBench` in `coldframe/mocha` and expectations in `coldframe/chai`.
 */
export { type Frozen, HostClient, type HostClientOptions, type Write } from '../host/client.js';
export { acceptGolden } from '../host/golden/accept.js';
export { type AskDigests, type Verification, verifyGolden } from '../host/golden/bisect.js';
export { type BlockSource, RawFileSource } from '../host/golden/block-source.js';
export { diffGolden } from '../host/golden/diff.js';
export type { Golden, Provenance, VolumeSpan } from '../host/golden/golden.js';
export { loadGolden, saveGolden } from '../host/golden/golden-file.js';
export { recordGolden } from '../host/golden/record.js';
export { type ExpectedBlock, explainBlock } from '../host/workload/explain.js';
export { type Operation, type Profile, profiles, type WorkloadPlan, workload } from '../host/workload/plan.js';
export { SparseImage, type WriteContent } from '../host/workload/sparse-image.js';
export { readStamp, type Stamp, stampBlock, stampSpan } from '../host/workload/stamp.js';
export { type FreezeSeen, type LoggedWrite, WriteLog } from '../host/workload/write-log.js';
export type { Device, DeviceEffect, DeviceEvent, DiskName, PortName } from '../protocol/device.js';
export { contentDigest, contentDigests, RangeDigest } from '../protocol/digest.js';
export { type Method, methods, type PairState, pairStates } from '../protocol/ids.js';
export { type Refusal, type RefusalCode, RefusalError, refusals } from '../protocol/refusals.js';
export type { Completion, MediumCommand } from '../protocol/scsi/commands.js';
export type {
  Bench,
  BenchAbilities,
  BenchKind,
  BenchMark,
  BenchModels,
  BenchShape,
  Powered,
} from './bench/bench.js';
export { type BenchFile, benchDefault, parseBench, readBenchFile } from './bench/bench-file.js';
export { EmulatedBench, type EmulatedBenchOptions } from './bench/emulated-bench.js';
export { EmulatorBench } from './bench/emulator-bench.js';
export { type OpenBenchOptions, openBench } from './bench/open-bench.js';
export { checkByDigests, checkRawArea, type ImageFinding, type KnownImage, knownImage } from './job/image-check.js';
export { carryOut, type RunChoices, type RunResult, type RunWatcher } from './job/run.js';
export { runScenario, type ScenarioOptions, type ScenarioOutcome } from './job/scenario.js';
export { parseScenario, readScenario, type Scenario, type Step } from './job/scenario-file.js';
export { reportHtml } from './report/html/page.js';
export { parseReport, reportJson } from './report/json.js';
export { junitXml } from './report/junit.js';
export { type RunRecord, runRecordSchema } from './report/run-record.js';
export { type TerminalOptions, terminalLines } from './report/terminal.js';
export { writeReport } from './report/write-report.js';
export { DeviceRunner, type DeviceRunnerOptions } from './run/device-runner.js';
export { formatLineAddress, type LineAddress, parseLineAddress } from './run/lines/address.js';
export { EmulatedLine, type Emulator, type EmulatorOptions, joinLines } from './run/lines/emulator.js';
export type { Line, LineEvents } from './run/lines/line.js';
export { memoryLines } from './run/lines/memory.js';
export { type OpenLineOptions, openLine, openPtyLine, type PtyLine } from './run/lines/open-line.js';
