import type { Answer } from './running-manager.ts';

/** Parts of documents as tests need them, and what the API said to one. */

export const mapping = (table: string, rest: Record<string, unknown> = {}): Record<string, unknown> => ({
  source: { schema: 'shop', table: { exact: table } },
  target: { schema: 'shop', table },
  ...rest,
});

export const pipeline = (name: string, change: Record<string, unknown> = {}): Record<string, unknown> => ({
  ...{ name, source: 'berlin', target: 'lisbon', start: { kind: 'latest' } },
  ...{ parameters: { lanes: 4, ddl: 'sync' }, mappings: [] },
  ...change,
});

export const channelDocument = (name: string, ...pipelines: readonly unknown[]): Record<string, unknown> => ({
  format: 'lutra-channel/1',
  channel: { name, description: '' },
  pipelines,
  alarmRules: [],
});

export const problem = ({ status, body }: Answer): unknown => [status, body['code']];

/** The steps of a plan in words. */
export const steps = ({ body }: Answer): readonly string[] =>
  (body['steps'] as { action: string; object: string; name: string; isLeftOut: boolean }[]).map(
    ({ action, object, name, isLeftOut }) => `${action} ${object} ${name}${isLeftOut ? ' (left out)' : ''}`,
  );
