import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import type { Role } from './role.ts';

/**
 * What a route is about, which decides what it is to a caller who is limited to some channels. `installation`: refused.
 * `filtered`: the handler asks {@link Access} and leaves out, or does not find, what is beyond the caller's channels.
 * An object: a parameter of the path names an alarm, a channel (by id or name), a data source or a pipeline (or something of a pipeline, as
 * `<pipeline>.<id>`), and what is beyond the caller's channels is not found.
 */
export type Concern =
  | 'installation'
  | 'filtered'
  | { readonly alarm: string }
  | { readonly channel: string }
  | { readonly channelName: string }
  | { readonly dataSource: string }
  | { readonly pipeline: string };

export interface Allowance {
  /** anybody = without a token too. */
  readonly role: Role | 'anybody';
  readonly concern: Concern;
}

export const ALLOWANCE = 'lutra:allowance';
/** The least role, in the OpenAPI document. */
export const ROLE_EXTENSION = 'x-lutra-role';

/** The least role that may use the route, and what it is about. With a route without it the manager does not start. */
export const Allows = (role: Allowance['role'], concern: Concern = 'installation'): MethodDecorator =>
  applyDecorators(SetMetadata(ALLOWANCE, { role, concern } satisfies Allowance), ApiExtension(ROLE_EXTENSION, role));
