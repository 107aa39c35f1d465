import { expect } from 'chai';
import { reportHtml } from '../../../hil/report/html/page.js';
import { sampleRecord } from './sample-record.js';
import { all, type Element, parseXml } from './xml.js';

/** The page as a tree: what HTML leaves open is closed, script and style are taken out. */
function tree(html: string): Element {
  const closed = html
    .replace(/<(style|script)>[\s\S]*?<\/\1>/g, '')
    .replace(/<(meta[^>]*)>/g, '<$1/>')
    .replace('<details open>', '<details open="">');
  return parseXml(closed);
}
const textOf = (element: Element): string => [element.text, ...element.children.map(textOf)].join(' ');
const ofClass = (root: Element, element: string, name: string): Element[] =>
  all(root, element).filter(({ attributes }) => attributes.class?.split(' ').includes(name));

describe('report.html', () => {
  it('says the verdict in its heading, with the reason and the line that repeats the run', () => {
    const page = tree(reportHtml(sampleRecord({ wrong: true })));
    expect(all(page, 'h1').map(textOf)[0]).to.match(/Failed/);
    expect(all(page, 'header').map(textOf)[0]).to.contain('1 of 6 checks failed: “image 3 equals its golden image”');
    expect(all(page, 'code')[0]?.text).to.equal(sampleRecord().command);
    expect(all(page, 'title')[0]?.text).to.match(/^failed: /);
  });

  it('needs nothing from elsewhere', () => {
    const html = reportHtml(sampleRecord());
    expect(html).to.not.match(/\b(?:src|href)=|@import|https?:|url\((?!#)/);
    expect(html.match(/<script/g)?.length).to.equal(1);
  });

  it('draws a map for each area and generation, with as many columns as its cells say', () => {
    const page = tree(reportHtml(sampleRecord()));
    const maps = ofClass(page, 'svg', 'map');
    expect(maps.length).to.equal(12);
    expect(maps[0]?.attributes).to.include({ 'data-columns': '64', 'data-per': '8', 'data-blocks': '16384' });
    expect(maps[0]?.attributes.viewBox).to.equal('0 0 640 320');
  });

  it('covers every cell of a map exactly once', () => {
    for (const map of ofClass(tree(reportHtml(sampleRecord())), 'svg', 'map')) {
      const covered = new Set<string>();
      for (const { attributes } of all(map, 'path')) {
        for (const [, x, y, width] of attributes.d?.matchAll(/M(\d+) (\d+)h(\d+)v10h-\d+z/g) ?? []) {
          for (let at = Number(x); at < Number(x) + Number(width); at += 10) {
            expect(covered.has(`${at} ${y}`)).to.equal(false);
            expect(at).to.be.below(640);
            covered.add(`${at} ${y}`);
          }
        }
      }
      expect(covered.size).to.equal(2048);
    }
  });

  it('shows each cell in its state, in a shade for how much of it is in that state', () => {
    const record = sampleRecord({ generations: 1 });
    const blockMaps = [{ generation: 1, area: 'primary' as const, volume: 0, states: 'u2s1z1d4w1' }];
    const map = ofClass(tree(reportHtml({ ...record, blockMaps })), 'svg', 'map')[0];
    const paths = map ? all(map, 'path').map(({ attributes }) => [attributes.class, attributes.d]) : [];
    // Nine blocks in rows of eight.
    expect(paths).to.deep.equal([
      ['state-u', 'M0 0h20v10h-20z'],
      ['state-s shade-3', 'M20 0h10v10h-10z'],
      ['state-z shade-3', 'M30 0h10v10h-10z'],
      ['state-d shade-3', 'M40 0h40v10h-40z'],
      ['state-w', 'M0 10h10v10h-10z'],
    ]);
    const states = `s2u6s4u4s8u${16384 - 24}`;
    const shaded = ofClass(
      tree(reportHtml({ ...record, blockMaps: [{ generation: 1, area: 'primary', volume: 0, states }] })),
      'svg',
      'map',
    )[0];
    expect(shaded && all(shaded, 'path').map(({ attributes }) => attributes.class)).to.deep.equal([
      'state-s shade-1',
      'state-s shade-2',
      'state-s shade-3',
      'state-u',
    ]);
  });

  it('circles the cells of wrong blocks and names the blocks', () => {
    const page = tree(reportHtml(sampleRecord({ wrong: true })));
    // Blocks 5117 and 9300 of 16384, 8 to a cell, 64 cells to a row: cells 639 and 1162.
    const secondary = ofClass(page, 'svg', 'map')[11];
    const rings = secondary ? ofClass(secondary, 'circle', 'wrong-ring') : [];
    expect(rings.map(({ attributes }) => [attributes.cx, attributes.cy])).to.deep.equal([
      ['635', '95'],
      ['105', '185'],
    ]);
    expect(textOf(page)).to.contain('volume 0, blocks 9300 to 9302: not as in the golden image');
  });

  it('puts freeze, transfer, commit and structured of each generation on one time line', () => {
    const page = tree(reportHtml(sampleRecord()));
    const broad = ofClass(page, 'svg', 'broad')[0];
    const lanes = broad ? ofClass(broad, 'g', 'lane') : [];
    expect(lanes.map(({ attributes }) => attributes['data-tip'])[1]).to.equal(
      'generation 2: frozen at 3.19 s, complete after 616 ms, committed after 654 ms, structured after 844 ms, ' +
        '1\u202f064 of 1\u202f064 blocks sent',
    );
    // 0 … 8.4 s on 58 … 986 units: frozen at 0.392 s, complete at 1.792 s, committed at 1.83 s, structured at 2.44 s.
    const first = lanes[0]?.children ?? [];
    expect(first.filter(({ name }) => name === 'rect').map(({ attributes: { x, width } }) => [x, width])).to.deep.equal(
      [
        ['101.3', '154.7'],
        ['256', '4.2'],
        ['260.2', '67.4'],
      ],
    );
    const marks = first.filter(({ attributes }) => attributes.class?.startsWith('mark-'));
    expect(marks.map(({ attributes }) => attributes.cx ?? attributes.d?.split('l')[0])).to.deep.equal([
      '260.2',
      'M327.6 12.5',
      'M96.3 6h10',
    ]);
  });

  it('shows a generation that failed on its way as such', () => {
    const record = sampleRecord({ generations: 1 });
    const [first] = record.generations;
    if (first === undefined) throw new Error('no generation');
    const { completeAtUs, committedAtUs, structuredAtUs, ...rest } = first;
    const failed = { ...rest, verdict: 'failed' as const, failedAtUs: 2e6, failedReason: 'staging-full' };
    const page = tree(reportHtml({ ...record, generations: [failed] }));
    expect(ofClass(page, 'rect', 'bar-failed').length).to.equal(2);
    expect(ofClass(page, 'rect', 'bar-transfer').length).to.equal(1); // that of the legend
    expect(all(page, 'table').map(textOf)[0]).to.contain('staging-full');
  });

  it('keeps every write as a dot of its kind on the logarithmic scale', () => {
    const record = sampleRecord({ generations: 0, writes: 0 });
    const latencies = [
      { atUs: 0, us: 100 },
      { atUs: 8_400_000, us: 10_000, deferred: true },
    ];
    const broad = ofClass(tree(reportHtml({ ...record, latencies })), 'svg', 'broad')[0];
    const dots = (name: string) => (broad ? ofClass(broad, 'path', name) : []).map(({ attributes }) => attributes.d);
    expect(dots('dot')).to.deep.equal(['M60 212h0']);
    expect(dots('dot-deferred')).to.deep.equal(['M988 28h0']);
  });

  it('stays below 1 MiB for 1 TiB, a hundred thousand writes and nine generations', () => {
    const html = reportHtml(sampleRecord({ blocks: 2 ** 28, writes: 100_000, generations: 9 }));
    expect(html.length).to.be.below(2 ** 20);
    expect(html).to.contain('3 further generations: see report.json.');
  });

  it('lists of many events the first and the last, and says how many it leaves out', () => {
    const record = sampleRecord();
    const events = Array.from({ length: 1000 }, (_, index) => ({
      atUs: index,
      kind: 'note',
      text: `event ${index}`,
      values: {},
    }));
    const text = textOf(tree(reportHtml({ ...record, events })));
    expect(text).to.contain('event 199').and.to.contain('event 800').and.to.contain('600 events left out');
    expect(text).to.not.contain('event 200').and.to.not.contain('event 799');
  });

  it('escapes whatever comes from outside', () => {
    const nasty = '"><script>alert(1)</script>&\u0000';
    const record = sampleRecord({ wrong: true });
    const check = { name: nasty, verdict: 'failed' as const, seconds: 1, details: nasty };
    const html = reportHtml({
      ...record,
      title: nasty,
      command: nasty,
      checks: [check],
      events: [{ atUs: 1, kind: nasty, text: nasty, values: { [nasty]: nasty } }],
      lines: [{ ...record.lines[0], name: nasty, address: nasty } as (typeof record.lines)[0]],
    });
    expect(html).to.not.contain('<script>alert');
    expect(textOf(tree(html))).to.contain('"><script>alert(1)</script>&\u2400');
  });

  it('leaves out the parts that a run did not come to', () => {
    const empty = { generations: [], checks: [], latencies: [], blockMaps: [], lines: [], events: [] };
    const page = tree(reportHtml({ ...sampleRecord(), ...empty, verdict: 'unavailable', reason: 'the board is gone' }));
    expect(all(page, 'section')).to.deep.equal([]);
    expect(all(page, 'h1').map(textOf)[0]).to.contain('No verdict');
  });
});
