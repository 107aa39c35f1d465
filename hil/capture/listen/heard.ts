/** What somebody who listens to a line makes of a frame. */
import type { AcknowledgementRecord } from '../../../protocol/link/acknowledgement.js';
import type { Open } from '../../../protocol/link/open-frame.js';
import type { Priority } from '../../../protocol/message/message.js';
import type { Message } from '../../../protocol/message/messages.js';
import type { Refusal } from '../../../protocol/refusals.js';
import type { CapturedFrame } from '../read-capture.js';

export interface HeardFrame {
  readonly captured: CapturedFrame;
  /** Who sent it, and to whom: roles as soon as hellos have told them, before that what the capture calls the ends. */
  readonly from: string;
  readonly to: string;
  /** The mark that it was made with; undefined when it is no frame at all. */
  readonly mark: number | undefined;
  readonly content: HeardContent;
}

export type HeardContent =
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'open'; readonly open: Open }
  | { readonly kind: 'acknowledgement'; readonly proven: boolean; readonly records: readonly AcknowledgementRecord[] }
  | HeardData;

export interface HeardData {
  readonly kind: 'data';
  /** False: no frame before it tells whether it is good. */
  readonly proven: boolean;
  readonly queue: Priority;
  readonly first: boolean;
  readonly last: boolean;
  readonly sequence: number;
  readonly payloadBytes: number;
  /** `taken` is the rule; `repeated` was heard before, `gap` waits for what is missing, `headless` belongs to nothing heard. */
  readonly outcome: string;
  /** The messages that it completes. */
  readonly messages: readonly HeardMessage[];
}

export type HeardMessage = {
  readonly bytes: number;
  /** The counter it was sealed under, when it was. */
  readonly counter?: number;
} & (
  | { readonly kind: 'message'; readonly message: Message }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  /** Sealed, and why it stays so. */
  | {
      readonly kind: 'sealed';
      readonly message: Extract<Message, { kind: 'sealed' }>;
      readonly missing: 'key' | 'hello';
    }
);
