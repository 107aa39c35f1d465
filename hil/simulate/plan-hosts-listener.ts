import type { Instruction } from '../../host/host-machine.js';
import type { Message } from '../../protocol/message/messages.js';
import type { Refusal } from '../../protocol/refusals.js';
import type { HostWrite } from './oracle.js';
import type { Site } from './plan.js';

/** Hears what the hosts do and are told. */
export interface PlanHostsListener {
  /** A write is given to a controller. */
  submitted?(write: HostWrite): void;
  /** It has ended; `ended` of it says how. */
  ended?(write: HostWrite): void;
  instructed?(site: Site, instruction: Instruction['kind']): void;
  answered?(site: Site, answer: Message | { readonly refusal: Refusal }): void;
}
