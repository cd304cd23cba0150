import { compileMappingsInto } from '@lutra/model';
import type { PipelineDefinition } from '@lutra/model';
import type { TableName } from '@lutra/sql';

/**
 * Whether two revisions bring the same rows into a target table. Policies and weights do not matter: after a refused row a
 * person edits just these, while lanes stand at different places. Nor do options, as far as they do not change its shape.
 */
export function sendsRowsAlike(one: PipelineDefinition, other: PipelineDefinition): (target: TableName) => boolean {
  const [before, after] = [one, other].map(({ mappings }) => compileMappingsInto(mappings));
  const rowsOf = (mappingsInto: typeof before, { schema, table }: TableName): string =>
    JSON.stringify(
      mappingsInto?.(schema, table).map(({ source, target, columns, rules }) => [source, target, columns, rules]),
    );
  const known = new Map<string, boolean>();
  return (target) => {
    const id = JSON.stringify([target.schema, target.table]);
    let isAlike = known.get(id);
    if (isAlike === undefined) known.set(id, (isAlike = rowsOf(before, target) === rowsOf(after, target)));
    return isAlike;
  };
}
