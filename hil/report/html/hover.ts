/**
 * The only script of the page: says under the pointer what a cell or a bar stands for. Everything is readable without.
 */
import { blockStates } from '../block-states.js';

const names = JSON.stringify(
  Object.fromEntries(Object.entries(blockStates).map(([letter, { name }]) => [letter, name])),
);

export const hoverScript = `(() => {
  const names = ${names};
  const tip = document.createElement('div');
  tip.className = 'tip';
  tip.hidden = true;
  document.body.append(tip);
  const cellText = (map, event) => {
    const box = map.getBoundingClientRect();
    const { columns, per, blocks, cells } = map.dataset;
    const unit = box.width / columns;
    let index = Math.floor((event.clientY - box.top) / unit) * columns + Math.floor((event.clientX - box.left) / unit);
    const first = index * per;
    for (const [, state, count] of cells.matchAll(/([a-z])(\\d+)/g)) {
      index -= count;
      if (index >= 0) continue;
      const last = Math.min(first + +per, +blocks) - 1;
      return (last > first ? 'blocks ' + first + ' to ' + last : 'block ' + first) + ': ' + names[state];
    }
  };
  document.addEventListener('pointermove', (event) => {
    const map = event.target.closest('svg.map');
    const text = map ? cellText(map, event) : event.target.closest('[data-tip]')?.dataset.tip;
    tip.hidden = !text;
    if (!text) return;
    tip.textContent = text;
    tip.style.left = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8) + 'px';
    tip.style.top = event.clientY + 18 + 'px';
  });
})();`;
