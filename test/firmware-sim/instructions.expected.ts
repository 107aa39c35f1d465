/**
 * What each controller has to do with each instruction in each of its states: written by hand from the design (rules of
 * the model 3, 5, 11, 13, 14, 15, 18, 19; what the harness must do, row 13), not from the table in the code.
 *
 * `yes`: carried out. `same`: answered as done, nothing changes. Anything else: the reason of the refusal, or for
 * reads and writes the sense key (or BUSY).
 */
const atSub = 'wrong-controller';
const atMain = 'wrong-controller';

type Expected = Readonly<Record<string, Readonly<Record<string, string>>>>;

const ofSubOnly = {
  takeover: atSub,
  'takeover --force': atSub,
  failback: atSub,
  'failback --discard': atSub,
};

const ofMainOnly = {
  freeze: atMain,
  'freeze again': atMain,
  suspend: atMain,
  resync: atMain,
};

const everything = (answer: string) => ({
  freeze: answer,
  'freeze again': answer,
  wait: answer,
  'wait for unknown': answer,
  status: answer,
  digests: answer,
  'digests of another generation': answer,
  suspend: answer,
  resync: answer,
  takeover: answer,
  'takeover --force': answer,
  failback: answer,
  'failback --discard': answer,
});

/** Of a running controller, whatever its state. */
const always = { wait: 'yes', 'wait for unknown': 'generation-unknown', status: 'yes' };

export const expectedOfMain: Expected = {
  recovering: { ...everything('recovering'), status: 'yes', read: 'BUSY', write: 'BUSY' },
  halted: { ...everything('wrong-method'), read: 'NOT READY', write: 'NOT READY' },
  idle: {
    ...always,
    ...ofSubOnly,
    freeze: 'yes',
    'freeze again': 'same',
    digests: 'yes',
    'digests of another generation': 'wrong-generation',
    suspend: 'yes',
    resync: 'pair-not-suspended',
    read: 'yes',
    write: 'yes',
  },
  transfer: {
    ...always,
    ...ofSubOnly,
    freeze: 'transfer-in-progress',
    'freeze again': 'same',
    digests: 'yes',
    'digests of another generation': 'wrong-generation',
    suspend: 'yes',
    resync: 'pair-not-suspended',
    read: 'yes',
    write: 'yes',
  },
  suspended: {
    ...always,
    ...ofSubOnly,
    freeze: 'pair-suspended',
    'freeze again': 'same',
    digests: 'yes',
    'digests of another generation': 'wrong-generation',
    suspend: 'same',
    resync: 'yes',
    read: 'yes',
    write: 'yes',
  },
  failed: {
    ...always,
    ...ofSubOnly,
    freeze: 'pair-suspended',
    'freeze again': 'same',
    digests: 'yes',
    'digests of another generation': 'wrong-generation',
    suspend: 'same',
    resync: 'yes',
    read: 'yes',
    write: 'yes',
  },
  'taken over': {
    ...always,
    ...ofSubOnly,
    freeze: 'taken-over',
    'freeze again': 'same',
    digests: 'yes',
    'digests of another generation': 'wrong-generation',
    suspend: 'taken-over',
    resync: 'taken-over',
    read: 'yes',
    write: 'DATA PROTECT',
  },
  'failing back': {
    ...always,
    ...ofSubOnly,
    freeze: 'failback-in-progress',
    'freeze again': 'same',
    digests: 'failback-in-progress',
    'digests of another generation': 'failback-in-progress',
    suspend: 'failback-in-progress',
    resync: 'failback-in-progress',
    read: 'NOT READY',
    write: 'NOT READY',
  },
};

const noTakeover = { failback: 'not-taken-over', 'failback --discard': 'not-taken-over' };

export const expectedOfSub: Expected = {
  recovering: { ...everything('recovering'), status: 'yes', read: 'BUSY', write: 'BUSY' },
  halted: { ...everything('block-size-mismatch'), read: 'NOT READY', write: 'NOT READY' },
  'no image': {
    ...always,
    ...ofMainOnly,
    ...noTakeover,
    digests: 'not-ready',
    'digests of another generation': 'not-ready',
    takeover: 'not-ready',
    'takeover --force': 'not-ready',
    read: 'NOT READY',
    write: 'NOT READY',
  },
  paired: {
    ...always,
    ...ofMainOnly,
    ...noTakeover,
    digests: 'yes',
    'digests of another generation': 'wrong-generation',
    takeover: 'pair-healthy',
    'takeover --force': 'yes',
    read: 'yes',
    write: 'DATA PROTECT',
  },
  'main away': {
    ...always,
    ...ofMainOnly,
    ...noTakeover,
    digests: 'yes',
    'digests of another generation': 'wrong-generation',
    takeover: 'yes',
    'takeover --force': 'yes',
    read: 'yes',
    write: 'DATA PROTECT',
  },
  suspended: {
    ...always,
    ...ofMainOnly,
    ...noTakeover,
    digests: 'yes',
    'digests of another generation': 'wrong-generation',
    takeover: 'yes',
    'takeover --force': 'yes',
    read: 'yes',
    write: 'DATA PROTECT',
  },
  'taken over': {
    ...always,
    ...ofMainOnly,
    digests: 'yes',
    'digests of another generation': 'wrong-generation',
    takeover: 'same',
    'takeover --force': 'same',
    failback: 'yes',
    'failback --discard': 'yes',
    read: 'yes',
    write: 'yes',
  },
  'taken over, main away': {
    ...always,
    ...ofMainOnly,
    digests: 'yes',
    'digests of another generation': 'wrong-generation',
    takeover: 'same',
    'takeover --force': 'same',
    failback: 'sub-unreachable',
    'failback --discard': 'sub-unreachable',
    read: 'yes',
    write: 'yes',
  },
  'failing back': {
    ...always,
    ...ofMainOnly,
    digests: 'yes',
    'digests of another generation': 'wrong-generation',
    takeover: 'failback-in-progress',
    'takeover --force': 'failback-in-progress',
    failback: 'failback-in-progress',
    'failback --discard': 'failback-in-progress',
    read: 'yes',
    write: 'DATA PROTECT',
  },
};
