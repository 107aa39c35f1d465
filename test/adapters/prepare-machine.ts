/** Makes the machine: a kernel from Debian, its modules, udev, and an init that runs the checks. */
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** Modules that are loaded, each after those that it needs. */
const wanted = ['virtio_pci', '9pnet_virtio', '9p', 'xhci_pci', 'ftdi_sio'];

export interface MachineParts {
  readonly kernel: string;
  readonly initrd: string;
  /** What the machine finds at /run/share. */
  readonly share: string;
}

export function prepareMachine(options: { readonly folder: string; readonly repository: string }): MachineParts {
  const { folder, repository } = options;
  const system = join(folder, 'system');
  fetchPackages(folder, system);
  const boot = readdirSync(join(system, 'boot')).find((each) => each.startsWith('vmlinuz-'));
  if (boot === undefined) throw new Error('the kernel package holds no kernel');
  const version = boot.slice('vmlinuz-'.length);
  const initrd = join(folder, 'initrd.gz');
  makeInitrd(folder, join(system, 'lib/modules', version), { version, system, initrd });
  const share = join(folder, 'share');
  mkdirSync(share);
  cpSync(join(system, 'lib/udev/rules.d'), join(share, 'rules.d'), { recursive: true });
  copyFileSync(join(system, 'bin/udevadm'), join(share, 'udevadm'));
  copyFileSync(join(system, 'bin/udevadm'), join(share, 'systemd-udevd'));
  const libraries = readdirSync(join(system, 'usr/lib/x86_64-linux-gnu')).filter((each) => each.startsWith('libkmod'));
  for (const each of libraries) copyFileSync(join(system, 'usr/lib/x86_64-linux-gnu', each), join(share, each));
  copyFileSync(busybox(), join(share, 'busybox'));
  writeFileSync(join(share, 'checks.sh'), checks(repository));
  return { kernel: join(system, 'boot', boot), initrd, share };
}

function fetchPackages(folder: string, system: string): void {
  const depends = run('apt-cache', ['depends', 'linux-image-amd64'], folder);
  const kernel = /Depends: (linux-image-\S+)/.exec(depends)?.[1];
  if (kernel === undefined) throw new Error('apt knows no kernel: apt-get update');
  const packages = join(folder, 'packages');
  mkdirSync(packages);
  run('apt-get', ['download', '-qq', kernel, 'udev', 'libkmod2'], packages);
  for (const each of readdirSync(packages)) run('dpkg-deb', ['-x', join(packages, each), system], folder);
}

function makeInitrd(
  folder: string,
  modules: string,
  { version, system, initrd }: { readonly version: string; readonly system: string; readonly initrd: string },
): void {
  const root = join(folder, 'initrd');
  mkdirSync(join(root, 'bin'), { recursive: true });
  mkdirSync(join(root, 'modules'));
  copyFileSync(busybox(), join(root, 'bin/busybox'));
  run('busybox', ['depmod', '-b', system, version], folder);
  for (const [index, path] of inOrder(readFileSync(join(modules, 'modules.dep'), 'utf8')).entries()) {
    copyFileSync(join(modules, path), join(root, 'modules', `${String(index).padStart(2, '0')}-${basename(path)}`));
  }
  writeFileSync(join(root, 'init'), init);
  chmodSync(join(root, 'init'), 0o755);
  run('sh', ['-c', `cd '${root}' && find . | cpio -o -H newc --quiet | gzip -1 > '${initrd}'`], folder);
}

/** The files of the wanted modules and of those that they need, each after what it needs. */
export function inOrder(dependencies: string): string[] {
  const nameOf = (path: string) =>
    basename(path)
      .replace(/\.ko.*$/, '')
      .replaceAll('-', '_');
  const entries = dependencies.split('\n').flatMap((line) => {
    const [path, needs = ''] = line.split(':');
    return path === undefined || path === '' ? [] : [{ path, needs: needs.trim().split(/\s+/).filter(Boolean) }];
  });
  const byName = new Map(entries.map((each) => [nameOf(each.path), each]));
  const order: string[] = [];
  const add = (name: string): void => {
    const entry = byName.get(name);
    if (entry === undefined || order.includes(entry.path)) return;
    for (const each of entry.needs.toReversed()) add(nameOf(each));
    order.push(entry.path);
  };
  for (const each of wanted) add(each);
  return order;
}

function busybox(): string {
  return run('sh', ['-c', 'command -v busybox'], '/').trim();
}

function run(command: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (error !== undefined || status !== 0) {
    const needed = 'apt-get install qemu-system-x86 busybox-static cpio';
    throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr} (needed: ${needed})`);
  }
  return stdout;
}

const init = `#!/bin/busybox sh
b=/bin/busybox
$b mkdir -p /proc /sys /dev /root
$b mount -t proc proc /proc; $b mount -t sysfs sys /sys; $b mount -t devtmpfs dev /dev
for each in /modules/*; do $b insmod $each; done
$b mount -t 9p -o trans=virtio,version=9p2000.L,cache=loose,msize=262144,ro host /root
for each in tmp run; do $b mount -t tmpfs $each /root/$each; done
$b mkdir -p /root/run/share /root/run/udev/rules.d
$b mount -t 9p -o trans=virtio,version=9p2000.L,cache=loose,msize=262144,ro share /root/run/share
$b mount -t proc proc /root/proc; $b mount -t sysfs sys /root/sys; $b mount -t devtmpfs dev /root/dev
$b mkdir -p /root/dev/pts; $b mount -t devpts pts /root/dev/pts
exec $b chroot /root /run/share/busybox sh /run/share/checks.sh
`;

const checks = (repository: string) => `
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp LD_LIBRARY_PATH=/run/share
b=/run/share/busybox
$b cp -r /run/share/rules.d/. /run/udev/rules.d/
/run/share/systemd-udevd --daemon
/run/share/udevadm trigger --action=add; /run/share/udevadm settle
cd ${repository}
${process.execPath} node_modules/mocha/bin/mocha.js --no-config --no-color -t 180000 dist/test/adapters/adapter-checks.js
echo "@@exit $?"
while true; do $b sleep 1; done
`;
