/** A shrunk plan in one line, for tables: what the hosts do, and what goes wrong. */
import { faultText, lineText, survivalText } from '../../hil/simulate/fault-text.js';
import type { LinkFault, LinkPlan } from '../../hil/simulate/link/link-plan.js';
import { lineEffect, type Operation, type Plan } from '../../hil/simulate/plan.js';
import { timeText } from '../../hil/simulate/time-text.js';

export function planText(plan: Plan | LinkPlan): string {
  return 'subject' in plan ? linkText(plan) : pairText(plan);
}

function pairText({ configuration, operations, faults, crash }: Plan): string {
  const parts = [configuration.method, ...operations.map(operationText), ...faults.map(faultText)];
  if (crash !== undefined) {
    const at = crash.afterEffects === undefined ? 'at each disk command' : `at effect ${crash.afterEffects}`;
    const again = crash.again === undefined ? '' : `, and again after ${crash.again.afterCommands} commands`;
    const rot = crash.rot === undefined ? '' : ', a byte rots meanwhile';
    parts.push(`look at a power cut of ${crash.site} ${at}: ${survivalText(crash.survival)}${again}${rot}`);
  }
  return parts.join('; ');
}

function operationText(operation: Operation): string {
  const at = timeText(operation.atUs);
  if (!('volume' in operation)) return `${at} ${operation.kind}`;
  const sectors = 'lba' in operation ? `, sectors ${operation.lba}+${operation.sectors}` : '';
  return `${at} ${operation.kind} volume ${operation.volume}${sectors}`;
}

function linkText({ configuration, operations, faults }: LinkPlan): string {
  const sent = operations.map((each) =>
    each.kind === 'send' ? `${each.side} sends ${each.bytes} bytes` : `${each.side} restarts`,
  );
  return [`link, ${configuration.layer}`, ...shortened(sent), ...shortened(faults.map(linkFaultText))].join('; ');
}

function linkFaultText({ direction, frame, effect }: LinkFault): string {
  const plain = lineEffect.safeParse(effect);
  return `frame ${frame} ${direction}: ${plain.success ? lineText(plain.data) : effect.kind}`;
}

/** A link plan may send much. */
function shortened(texts: readonly string[]): readonly string[] {
  return texts.length > 4 ? [...texts.slice(0, 3), `${texts.length - 3} more`] : texts;
}
