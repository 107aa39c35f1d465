import { spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { openPty } from '../../../hil/run/lines/pty.js';
import { formatPorts, listLinuxPorts, listPorts, type PortInfo } from '../../../hil/run/ports.js';

describe('the list of serial ports', () => {
  let root = '';
  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'coldframe-ports-')));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const file = (path: string, contents: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), contents);
  };
  const link = (path: string, target: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    symlinkSync(join(root, target), join(root, path));
  };
  const places = () => ({
    sysDirectory: join(root, 'sys'),
    devDirectory: join(root, 'dev'),
    byIdDirectory: join(root, 'dev/serial/by-id'),
  });

  /** A sysfs as Linux 6.1 lays it out, with an FTDI adapter, a UART, an empty UART place, and a console. */
  const layOut = () => {
    const usb = 'sys/devices/pci0/usb1/1-1';
    file(`${usb}/idVendor`, '0403\n');
    file(`${usb}/idProduct`, '6001\n');
    file(`${usb}/manufacturer`, 'FTDI\n');
    file(`${usb}/product`, 'FT232R USB UART\n');
    file(`${usb}/serial`, 'A10K\n');
    file(`${usb}/1-1:1.0/ttyUSB0/latency_timer`, '16\n');
    link('sys/class/tty/ttyUSB0/device', `${usb}/1-1:1.0/ttyUSB0`);
    link('sys/bus/usb-serial/devices/ttyUSB0', `${usb}/1-1:1.0/ttyUSB0`);
    file('sys/bus/usb-serial/drivers/ftdi_sio/new_id', '');
    link(`${usb}/1-1:1.0/ttyUSB0/driver`, 'sys/bus/usb-serial/drivers/ftdi_sio');
    for (const [name, type] of [
      ['ttyS0', '4\n'],
      ['ttyS1', '0\n'],
    ] as const) {
      file(`sys/class/tty/${name}/type`, type);
      file(`sys/devices/platform/serial8250/${name}/uevent`, '');
      link(`sys/class/tty/${name}/device`, `sys/devices/platform/serial8250/${name}`);
      file(`dev/${name}`, '');
    }
    file('sys/class/tty/tty0/dev', '4:0\n');
    file('dev/ttyUSB0', '');
    link('dev/serial/by-id/usb-FTDI_A10K-if00-port0', 'dev/ttyUSB0');
  };

  it('tells of each port what sysfs and /dev/serial/by-id know', () => {
    layOut();
    expect(listLinuxPorts(places())).to.deep.equal([
      { path: `${root}/dev/ttyS0`, users: [], warnings: [] },
      {
        path: `${root}/dev/ttyUSB0`,
        byIdPath: `${root}/dev/serial/by-id/usb-FTDI_A10K-if00-port0`,
        manufacturer: 'FTDI',
        product: 'FT232R USB UART',
        serialNumber: 'A10K',
        vendorId: '0403',
        productId: '6001',
        driver: 'ftdi_sio',
        latencyTimerMs: 16,
        users: [],
        warnings: [
          `answers wait up to 16 ms in the adapter; echo 1 | sudo tee ${root}/sys/bus/usb-serial/devices/ttyUSB0/latency_timer`,
        ],
      },
    ]);
  });

  it('has no warning about a latency timer of 1 ms, and one about a missing device file', () => {
    layOut();
    file('sys/devices/pci0/usb1/1-1/1-1:1.0/ttyUSB0/latency_timer', '1\n');
    rmSync(join(root, 'dev/ttyUSB0'));
    expect(listLinuxPorts(places())[1]?.warnings).to.deep.equal(['there is no such device file here']);
  });

  it('says which group to join where this user may not use a port, and nothing where a group of theirs may', () => {
    layOut();
    const port = join(root, 'dev/ttyUSB0');
    const groups = readFileSync('/etc/group', 'utf8')
      .split('\n')
      .map((line) => line.split(':'));
    const own = process.getgid?.() ?? 0;
    // Root may take any group, and takes one that is not its own, which nobody is told to join.
    const [group = '', , gid = ''] = groups.find(([, , id]) => (own === 0 ? Number(id) > 0 : Number(id) === own)) ?? [];
    chownSync(port, process.getuid?.() ?? 0, Number(gid));
    chmodSync(port, 0o660);
    const warningsFor = (gids: readonly number[]) => {
      const user = { uid: (process.getuid?.() ?? 0) + 1000, gids };
      return listLinuxPorts({ ...places(), user })[1]?.warnings.slice(1);
    };
    expect(warningsFor([])?.[0]).to.contain(`sudo usermod -aG ${group} `);
    expect(warningsFor([Number(gid)])).to.deep.equal([]);
    chmodSync(port, 0o600);
    expect(warningsFor([Number(gid)])?.[0]).to.contain(`sudo chmod a+rw ${port}`);
  });

  it('names other processes that have a port open, and their commands', async () => {
    layOut();
    const { path, stream } = openPty();
    rmSync(join(root, 'dev/ttyUSB0'));
    symlinkSync(path, join(root, 'dev/ttyUSB0'));
    const reader = spawn('sleep', ['60'], { stdio: [openSync(path, 'r+'), 'ignore', 'ignore'] });
    await new Promise((resolve) => reader.once('spawn', resolve));
    const port = listLinuxPorts(places())[1];
    reader.kill('SIGKILL');
    stream.destroy();
    expect(port?.users).to.deep.equal([{ pid: reader.pid, command: 'sleep 60' }]);
    expect(port?.warnings).to.include(`in use by process ${reader.pid} (sleep 60)`);
  });

  it('puts ttyUSB10 after ttyUSB9', () => {
    for (const number of [10, 9]) {
      file(`sys/devices/${number}/uevent`, '');
      link(`sys/class/tty/ttyUSB${number}/device`, `sys/devices/${number}`);
    }
    const names = listLinuxPorts(places()).map(({ path }) => path.slice(-2));
    expect(names).to.deep.equal(['B9', '10']);
  });

  it('is empty where there is nothing, and works on this computer', async () => {
    expect(listLinuxPorts(places())).to.deep.equal([]);
    expect(await listPorts()).to.be.an('array');
  });

  it('is a line each for people, by the name that stays', () => {
    const ports: PortInfo[] = [
      {
        path: '/dev/ttyUSB0',
        byIdPath: '/dev/serial/by-id/usb-X',
        manufacturer: 'FTDI',
        vendorId: '0403',
        productId: '6001',
        driver: 'ftdi_sio',
        latencyTimerMs: 16,
        ...{ users: [], warnings: ['slow'] },
      },
      { path: '/dev/ttyS0', users: [], warnings: [] },
    ];
    expect(formatPorts(ports)).to.equal(
      'serial:/dev/serial/by-id/usb-X  now /dev/ttyUSB0  FTDI  0403:6001  driver ftdi_sio  latency timer 16 ms\n' +
        '  warning: slow\nserial:/dev/ttyS0\n',
    );
    expect(formatPorts([])).to.equal('No serial ports found.\n');
  });
});
