/** Hosts number their requests and commands anew in each session: nothing of one may pass for something of another. */
import { crc32 } from 'node:zlib';
import { expect } from 'chai';
import { digestRequestsMax } from '../../../firmware-sim/controller/digest-requests.js';
import { contentDigests, RangeDigest } from '../../../protocol/digest.js';
import { blockNumber, generation, volumeNumber } from '../../../protocol/ids.js';
import { requestOf } from '../../../protocol/scsi/initiator-commands.js';
import { blockBytes, blocksOf } from '../device-lab.js';
import { type MainDevice, paired as pairedMain } from '../main/main-device.js';
import { paired as pairedSub, type SubDevice } from '../sub/sub-device.js';

function digestOf(block: number, letter: string): Buffer {
  const range = new RangeDigest();
  range.add(block, contentDigests(blocksOf(letter), blockBytes));
  return Buffer.from(range.finish());
}

function askDigest(lab: SubDevice, request: number, block: number): void {
  const range = { volume: volumeNumber(0), first: blockNumber(block), count: 1, partBlocks: 1 };
  lab.say('host', { kind: 'getDigests', request, generation: generation(1), ...range });
}

/** A command to write a block, with its data or without. */
function write(lab: MainDevice, tag: number, block: number, withData: boolean): void {
  const data = blocksOf('X');
  const { dataOut = data, ...request } = requestOf({ op: 'write', lba: block * 2, data }, 0);
  const out = { dataOutBytes: dataOut.length, dataCheck: crc32(dataOut) };
  lab.say('host', { kind: 'command', tag, attribute: 'simple', ...request, ...out });
  if (withData) lab.say('host', { kind: 'dataOut', tag, offset: 0, data: dataOut });
}

describe('a session of a host after another', () => {
  it('gets no digests that were asked for in the one before', () => {
    const lab = pairedSub();
    lab.trouble = (disk, { op }) => (disk === 'secondary0' && op === 'read' ? 'wait' : undefined);
    askDigest(lab, 1, 0);
    lab.connect('host', 'host');
    lab.news('host');
    askDigest(lab, 1, 3);
    lab.release();
    const answers = lab.heard('host', 'digests').map(({ request, digests }) => [request, digests.map(Buffer.from)]);
    expect(answers).to.deep.equal([[1, [digestOf(3, 'd')]]]);
  });

  it('gets no answer to a suspension of the one before, nor to its freeze', () => {
    for (const kind of ['suspend', 'freeze'] as const) {
      const lab = pairedMain();
      lab.trouble = (disk, { op }) => (disk === 'meta' && op === 'write' ? 'wait' : undefined);
      if (kind === 'suspend') lab.ask({ kind });
      else lab.freeze(9);
      lab.connect('host', 'host');
      lab.news('host');
      lab.release();
      expect(
        lab.news('host').map((each) => each.kind),
        kind,
      ).to.deep.equal([]);
    }
  });

  it('is named no tags of the one before by a freeze: they may be those of its own commands', () => {
    const lab = pairedMain();
    lab.trouble = (disk, { op }) => (disk === 'primary0' && op === 'write' ? 'wait' : undefined);
    write(lab, 1, 0, true);
    lab.connect('host', 'host');
    write(lab, 1, 8, false);
    lab.freeze(9);
    lab.release();
    expect(lab.heard('host', 'frozen').map(({ included }) => included)).to.deep.equal([[]]);
    expect(lab.letters('primary0', 0, 1), 'it is in the image').to.equal('X');
  });

  it('may ask for sixteen digests at once, whoever asked for them', () => {
    const lab = pairedSub();
    lab.trouble = (disk, { op }) => (disk === 'secondary0' && op === 'read' ? 'wait' : undefined);
    for (let request = 1; request <= digestRequestsMax; request += 1) askDigest(lab, request, 0);
    lab.connect('host', 'host');
    lab.news('host');
    askDigest(lab, 1, 0);
    expect(lab.refusals()).to.deep.equal(['1 too-many-requests']);
    lab.release();
    askDigest(lab, 2, 0);
    expect(lab.heard('host', 'digests').map(({ request }) => request)).to.deep.equal([2]);
  });
});
