export type Direction = 'toServer' | 'toClient';

/**
 * What one direction of a connection suffers. `hole`: bytes and FIN are accepted and go nowhere, as behind a dead router;
 * `delay`: each byte comes later, in order; `slow`: a narrow line; `reset-after`: so many bytes pass, counted per connection
 * from when the fault began, then both sides get a RST.
 */
export type LinkFault =
  | { readonly kind: 'pass' }
  | { readonly kind: 'hole' }
  | { readonly kind: 'delay'; readonly ms: number; readonly jitterMs: number }
  | { readonly kind: 'slow'; readonly bytesPerSecond: number }
  | { readonly kind: 'reset-after'; readonly bytes: number };

export const PASS: LinkFault = { kind: 'pass' };

/** One connection is reset around the bytes: before the server sees them, or when its answer to them comes back. */
export interface CutAt {
  readonly includes: string;
  readonly when: 'before' | 'after';
}

/** What the faults of a proxy did since it was last asked to do one. */
export interface LinkEffect {
  /** Connections that were cut, swallowed bytes, or got them later than they would have. */
  readonly connections: number;
  /** Bytes that were swallowed or held back. */
  readonly bytes: number;
  readonly refused: number;
}
