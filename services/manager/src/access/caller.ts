import type { Role } from './role.ts';

/** Who asks, and what that one may do: the API key or the user of the request. */
export interface Caller {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  /** Channels that the caller is limited to; null = the whole installation. */
  readonly channelIds: readonly string[] | null;
  /** The session of a user; null = an API key. */
  readonly sessionId: string | null;
  /** Why it asks, in its own words: X-Comment. */
  readonly comment?: string;
}

/** The manager itself, which gives commands in somebody's name, such as a rule's. */
export const ownCaller = (as: Pick<Caller, 'id' | 'name'>): Caller => ({
  ...as,
  role: 'operator',
  channelIds: null,
  sessionId: null,
});
