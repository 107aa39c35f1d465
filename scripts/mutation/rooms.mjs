/** Tests of whole controllers over disks in memory, the fastest first: a mutant that one finds is not tried by the next. */
const wholeControllers = [
  'firmware-sim/{late-answers,races,replica}',
  'firmware-sim/controller/{instructions,mismatch,record-check}',
  'firmware-sim/recovery',
];

/** Which sources are mutated together, and which tests judge them: the fast ones, that start no process. */
export const rooms = {
  protocol: { mutate: 'protocol/*.ts', tests: ['protocol/*', 'documents/documents'] },
  'protocol/frame': { tests: ['protocol/frame/**', 'protocol/vectors'] },
  'protocol/link': { tests: ['protocol/link/!(link)', 'protocol/link/link'] },
  'protocol/message': { tests: ['protocol/message/**', 'protocol/vectors', 'documents/documents'] },
  'protocol/session': { tests: ['protocol/session/**'] },
  'protocol/scsi': { tests: ['protocol/scsi/**', 'firmware-sim/disk/d*'] },
  'firmware-sim/storage': { tests: ['firmware-sim/storage/**'] },
  'firmware-sim/replica': { tests: ['firmware-sim/replica/**'] },
  'firmware-sim/main': { tests: ['firmware-sim/main/**', ...wholeControllers] },
  'firmware-sim/sub': { tests: ['firmware-sim/sub/**', ...wholeControllers] },
  'firmware-sim/controller': {
    tests: ['documents/documents', 'firmware-sim/controller/**', 'firmware-sim/{late-answers,races,replica}'],
  },
  'firmware-sim/disk': { tests: ['firmware-sim/disk/**'] },
};
