import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
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
      { path: `${root}/dev/ttyS0`, warnings: [] },
      {
        path: `${root}/dev/ttyUSB0`,
        byIdPath: `${root}/dev/serial/by-id/usb-FTDI_A10K-if00-port0`,
        manufacturer: 'FTDI',
        product: 'FT232R USB UART',
        serialNumber: 'A10K',
        vendorId: '0403',
        productId: '6001',
        latencyTimerMs: 16,
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
        latencyTimerMs: 16,
        warnings: ['slow'],
      },
      { path: '/dev/ttyS0', warnings: [] },
    ];
    expect(formatPorts(ports)).to.equal(
      'serial:/dev/serial/by-id/usb-X  now /dev/ttyUSB0  FTDI  0403:6001  latency timer 16 ms\n' +
        '  warning: slow\nserial:/dev/ttyS0\n',
    );
    expect(formatPorts([])).to.equal('No serial ports found.\n');
  });
});
