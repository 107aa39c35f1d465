import { expect } from 'chai';
import fc from 'fast-check';
import { formatLineAddress, type LineAddress, parseLineAddress } from '../../../../hil/run/lines/address.js';
import { RefusalError } from '../../../../protocol/refusals.js';

const good: readonly (readonly [string, LineAddress])[] = [
  ['serial:/dev/ttyUSB0?baud=921600', { kind: 'serial', path: '/dev/ttyUSB0', baud: 921_600, rtscts: false }],
  ['serial:/dev/ttyUSB0?baud=921600&rtscts=1', { kind: 'serial', path: '/dev/ttyUSB0', baud: 921_600, rtscts: true }],
  [
    'serial:/dev/ttyUSB0?baud=9600&dtr=pulse&bootMs=1500',
    { kind: 'serial', path: '/dev/ttyUSB0', baud: 9600, rtscts: false, dtr: 'pulse', bootMs: 1500 },
  ],
  ['tcp://127.0.0.1:7001', { kind: 'tcp', host: '127.0.0.1', port: 7001 }],
  ['tcp://board.local:1', { kind: 'tcp', host: 'board.local', port: 1 }],
  ['tcp-listen://[::1]:0', { kind: 'tcp-listen', host: '::1', port: 0 }],
  ['unix:/run/x.sock', { kind: 'unix', path: '/run/x.sock' }],
  ['unix-listen:/run/x.sock', { kind: 'unix-listen', path: '/run/x.sock' }],
  ['pty:', { kind: 'pty' }],
  ['pty:?baud=115200', { kind: 'pty', baud: 115_200 }],
];

const bad: readonly (readonly [string, string, string])[] = [
  ['', 'it has no kind', 'serial:/dev/ttyUSB0'],
  ['/dev/ttyUSB0', 'it has no kind', 'serial:/dev/ttyUSB0'],
  ['telnet://x:1', 'there is no kind "telnet"', 'tcp://127.0.0.1:7001'],
  ['serial:', 'it names no port', 'serial:/dev/ttyUSB0?baud=921600&rtscts=1'],
  ['serial:/dev/x?baud=0', '"0" is no baud rate', 'serial:/dev/ttyUSB0'],
  ['serial:/dev/x?baud=fast', '"fast" is no baud rate', 'serial:/dev/ttyUSB0'],
  ['serial:/dev/x?baud=1e6', '"1e6" is no baud rate', 'serial:/dev/ttyUSB0'],
  ['serial:/dev/x?baud=1&baud=2', 'the option "baud" stands twice', 'serial:/dev/ttyUSB0'],
  ['serial:/dev/x?speed=1', 'there is no option "speed"', 'serial:/dev/ttyUSB0'],
  ['serial:/dev/x?dtr=drop', 'dtr is keep or pulse, not "drop"', 'serial:/dev/ttyUSB0'],
  ['serial:/dev/x?bootMs=60001', '"60001" is no bootMs of 0 to 60000 milliseconds', 'serial:/dev/ttyUSB0'],
  ['serial:/dev/x?rtscts=yes', 'rtscts is 0 or 1', 'serial:/dev/ttyUSB0'],
  ['serial:/dev/a%b', 'a % in a path is written %25', 'serial:/dev/ttyUSB0'],
  ['tcp:127.0.0.1:7001', 'it has no //host:port', 'tcp://127.0.0.1:7001'],
  ['tcp://127.0.0.1', 'it has no //host:port', 'tcp://127.0.0.1:7001'],
  ['tcp://::1:7001', 'it has no //host:port', 'tcp://127.0.0.1:7001'],
  ['tcp://127.0.0.1:0', '"0" is no port of 1 to 65535', 'tcp://127.0.0.1:7001'],
  ['tcp-listen://127.0.0.1:65536', '"65536" is no port of 0 to 65535', 'tcp-listen://127.0.0.1:7001'],
  ['unix:', 'it names no socket', 'unix:/run/x.sock'],
  [`unix:/${'x'.repeat(107)}`, 'the path has 108 bytes', 'unix:/run/x.sock'],
  ['pty:/dev/pts/3', '"/dev/pts/3" does not belong there', 'pty:'],
];

describe('addresses of lines', () => {
  for (const [text, address] of good) {
    it(`reads and writes ${text}`, () => {
      expect(parseLineAddress(text)).to.deep.equal(address);
      expect(formatLineAddress(address)).to.equal(text);
    });
  }

  for (const [text, what, form] of bad) {
    it(`refuses ${JSON.stringify(text.slice(0, 40))}: ${what}`, () => {
      try {
        parseLineAddress(text);
        expect.fail('it was read');
      } catch (error) {
        expect(error).to.be.instanceOf(RefusalError);
        const { code, detail } = (error as RefusalError).refusal;
        expect(code).to.equal('line-address');
        expect(detail).to.include(what).and.to.include(form);
      }
    });
  }

  it('takes 115200 baud where none is given', () => {
    expect(parseLineAddress('serial:/dev/ttyACM0')).to.include({ baud: 115_200, rtscts: false });
  });

  it('takes what is so anyway, and leaves it out', () => {
    const address = parseLineAddress('serial:/dev/x?baud=9600&dtr=keep&bootMs=0&rtscts=0');
    expect(formatLineAddress(address)).to.equal('serial:/dev/x?baud=9600');
  });

  it('keeps any path of a port, whatever is in it', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (path) => {
        const address: LineAddress = { kind: 'serial', path, baud: 9600, rtscts: false };
        expect(parseLineAddress(formatLineAddress(address))).to.deep.equal(address);
      }),
    );
  });
});
