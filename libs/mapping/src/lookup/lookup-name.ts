import type { LookupRule } from '@lutra/model';

/** Equal for look-ups of one table. */
export const lookupName = ({ dataSourceId, schema, table }: LookupRule): string =>
  JSON.stringify([dataSourceId ?? '', schema, table]);
