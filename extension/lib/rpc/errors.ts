import type { ErrorData, ErrorKind, RpcError } from '../protocol/generated';

/** What went wrong with a call: a kind of the protocol, or one of those only this side can see. */
export type FailureKind = ErrorKind | 'disconnected' | 'timeout';

/** An answer that was an error. `message` is the engine's own sentence where there is one. */
export class RpcFailure extends Error {
  readonly kind: FailureKind;
  readonly data: Partial<ErrorData>;

  constructor(kind: FailureKind, message: string, data: Partial<ErrorData> = {}) {
    super(message);
    this.name = 'RpcFailure';
    this.kind = kind;
    this.data = data;
  }

  static from(error: RpcError): RpcFailure {
    return new RpcFailure(error.data.kind, error.message, error.data);
  }
}

/** Why a port ended, read from the browser's own words. */
export type PortEnd = 'missing' | 'forbidden' | 'lost';

/** Browsers offer no code for this, only sentences; these are the ones that were measured. */
export function classifyPortEnd(message: string | undefined): PortEnd {
  if (message === undefined) return 'lost';
  if (/forbidden/i.test(message)) return 'forbidden';
  if (/host not found|no such native application|native host .* not found/i.test(message)) return 'missing';
  return 'lost';
}
