/**
 * The look of the page. Colours differ in lightness as well as in hue, and none of them carries a meaning alone: a
 * sign, a pattern, a shape or a word stands beside each.
 */

const light = `--page:#f6f7f8;--card:#fff;--ink:#17202b;--soft:#5b6876;--rule:#e2e7ec;--grid:#eef1f4;--cell:#e9edf1;--hollow:#f4f6f8;
--good:#0f6a73;--good-wash:#e3f2f2;--bad:#b83210;--bad-wash:#fdeae4;--sent:#2c6cb0;--zero:#a9bccf;--kept:#48a39b;--deferred:#cc7a00;--pending:#8a7ac4;--commit:#143d66;--structure:#9cc3e8`;
const dark = `--page:#0f141a;--card:#161d25;--ink:#e4eaf0;--soft:#94a3b2;--rule:#27313c;--grid:#1e2731;--cell:#232d38;--hollow:#1a222b;
--good:#63c3c6;--good-wash:#143034;--bad:#ff7a55;--bad-wash:#3a1d15;--sent:#5a9fe6;--zero:#55687c;--kept:#63c1b8;--deferred:#efae3c;--pending:#a597ea;--commit:#d5e7fa;--structure:#2f567e`;

export const style = `
:root{color-scheme:light dark;${light}}
@media (prefers-color-scheme:dark){:root{${dark}}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;font-variant-numeric:tabular-nums}
main{max-width:1064px;margin:0 auto;padding:28px 24px 48px}
header,section{background:var(--card);border:1px solid var(--rule);border-radius:14px;padding:26px 30px;margin:0 0 18px}
h1,h2,h3,p,dl,dd,ul,figure,pre{margin:0;padding:0}
ul{list-style:none}
.eyebrow{font-weight:650;letter-spacing:.01em}.eyebrow span{color:var(--soft);font-weight:400;margin-left:10px}
h1{display:flex;align-items:center;gap:18px;font-size:54px;line-height:1.1;font-weight:680;letter-spacing:-.025em;margin:18px 0 12px}
.seal{display:grid;place-items:center;width:52px;height:52px;border-radius:50%;font-size:28px;letter-spacing:0;color:var(--card);background:var(--soft)}
.passed h1{color:var(--good)}.passed .seal{background:var(--good)}.failed h1{color:var(--bad)}.failed .seal{background:var(--bad);border-radius:12px}
.reason{font-size:18px}.about{color:var(--soft)}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(130px,1fr));gap:14px 24px;margin:24px 0 22px}
.figures>div{border-top:2px solid var(--rule);padding-top:9px}
dt{color:var(--soft);font-size:13px}dd{font-size:23px;font-weight:600;letter-spacing:-.01em;line-height:1.3}dd.more{font-size:13px;font-weight:400;letter-spacing:0;color:var(--soft)}
.repeat{display:flex;gap:14px;align-items:baseline;background:var(--page);border-radius:8px;padding:10px 14px;font-size:13px}
.repeat span{color:var(--soft)}code,pre{font:12.5px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
.repeat code{overflow-wrap:anywhere;user-select:all}
h2{font-size:18px;font-weight:650;letter-spacing:-.005em;margin-bottom:12px}h2 small{color:var(--soft);font-weight:400}
h3{font-size:15px;font-weight:600;margin:22px 0 8px}
.note,small,.took{color:var(--soft);font-size:13px}
.scroll{overflow-x:auto}
table{width:100%;border-collapse:collapse}th{font-size:13px;font-weight:400;color:var(--soft);text-align:left;padding:0 14px 7px 0;vertical-align:bottom}
td{border-top:1px solid var(--rule);padding:8px 14px 8px 0;vertical-align:baseline}.n{text-align:right;white-space:nowrap}th:last-child,td:last-child{padding-right:0}
.wide{min-width:250px;padding-left:14px}.wide span{white-space:nowrap}
.share{display:inline-block;width:min(46%,170px);height:9px;background:var(--cell);border-radius:5px;margin-right:12px;overflow:hidden}.share i{display:block;height:100%;min-width:2px;background:var(--sent)}
.tag{font-size:13px;font-weight:500;white-space:nowrap;border-radius:6px;padding:2px 8px;background:var(--cell)}
.tag.passed{color:var(--good);background:var(--good-wash)}.tag.failed{color:var(--bad);background:var(--bad-wash)}
.found td{border-top:0;padding-top:0}.found ul{border-left:3px solid var(--bad);padding-left:12px;font-size:14px}
.timeline{display:block;width:100%;height:auto;overflow:visible}.timeline.narrow{display:none}
.timeline text{font-size:12px;fill:var(--soft)}.timeline .lane-text{font-size:13px;font-weight:600;fill:var(--ink)}.timeline .lane-wrong{fill:var(--bad)}
.axis,.tick{stroke:var(--rule);stroke-width:1.2;fill:none}.grid{stroke:var(--grid);stroke-width:1}
.freeze-line{stroke:var(--soft);stroke-width:1;stroke-dasharray:2 4;opacity:.75}
.bar-transfer{fill:var(--sent)}.bar-complete{fill:var(--commit)}.bar-structure{fill:var(--structure)}.bar-failed{fill:url(#failed)}
.mark-freeze{fill:var(--ink)}.mark-commit{fill:var(--commit);stroke:var(--card);stroke-width:1.5}.mark-structured{fill:var(--card);stroke:var(--commit);stroke-width:1.6}.mark-failed{stroke:var(--bad);stroke-width:2.6;fill:none}
.dot{stroke:var(--sent);stroke-width:3.4;stroke-linecap:round}.dot-deferred{stroke:var(--deferred);stroke-width:3.4;stroke-linecap:square}
.legend{display:flex;flex-wrap:wrap;gap:4px 22px;font-size:13px;color:var(--soft);margin:10px 0 0}.legend li{display:flex;align-items:center;gap:7px}.legend b{color:var(--ink);font-weight:600}.legend svg{width:16px;height:16px;flex:none;overflow:visible}
.maps{display:grid;grid-template-columns:repeat(4,minmax(0,1fr));gap:16px 18px}
figcaption{font-size:13px;line-height:1.35;min-height:2.9em}figcaption b{font-weight:600;display:block}figcaption span{color:var(--soft)}
.map{display:block;width:100%;height:auto;margin:6px 0 3px;overflow:visible;background:var(--hollow);outline:1px solid var(--rule)}figure small{font-size:11.5px}
.state-e{fill:none}.state-u{fill:var(--cell)}.state-z{fill:url(#zero)}.state-s{fill:var(--sent)}.state-k{fill:url(#kept)}.state-d{fill:var(--deferred)}.state-p{fill:url(#pending)}.state-w{fill:url(#wrong)}
.legend .state-e{stroke:var(--rule);stroke-width:1.5;fill:var(--hollow)}
.shade-1{opacity:.42}.shade-2{opacity:.68}.wrong-ring{fill:none;stroke:var(--bad);stroke-width:3}
.checks li{display:grid;grid-template-columns:26px 1fr auto;border-top:1px solid var(--rule);padding:8px 0}.checks li:first-child{border:0}
.sign{font-weight:700}.checks .passed .sign{color:var(--good)}.checks .failed .sign,.checks .failed .name{color:var(--bad)}.checks .failed .name{font-weight:600}
.checks pre{grid-column:2/4;white-space:pre-wrap;overflow-wrap:anywhere;color:var(--soft);margin-top:2px}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
summary{cursor:pointer}summary h2{display:inline;margin:0}details[open] summary{margin-bottom:12px}
.events td:last-child{width:100%}.events td{padding-top:4px;padding-bottom:4px;font-size:14px}.kind{font-size:12.5px;border:1px solid var(--rule);border-radius:5px;padding:1px 7px;color:var(--soft)}.gap{text-align:center;color:var(--soft)}
footer{color:var(--soft);font-size:13px;padding:0 30px}
.tip{position:fixed;z-index:2;max-width:340px;background:var(--ink);color:var(--page);font-size:13px;line-height:1.4;border-radius:7px;padding:6px 10px;pointer-events:none}
@media (max-width:820px){main{padding:14px}header,section{padding:20px 18px}h1{font-size:42px}.maps{grid-template-columns:repeat(2,minmax(0,1fr))}.spare{display:none}.wide{min-width:190px}.share{display:block;width:100%;margin:7px 0 2px}.timeline.broad{display:none}.timeline.narrow{display:block}}
@media print{body{background:none}header,section{break-inside:avoid;border:0;padding:12px 0}}
`.trim();
