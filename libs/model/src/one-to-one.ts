import type { MappingDefinition } from './pipeline.ts';

/**
 * True when a mapping can never bring two source tables into one target table; false also where that is not simple to see. A
 * route decides by rows, so that all tables of an expression may meet in each of its tables.
 */
export function keepsTablesApart({
  source,
  target,
  rules,
}: Pick<MappingDefinition, 'source' | 'target' | 'rules'>): boolean {
  const isNamed = 'exact' in source.table;
  if (typeof source.schema === 'string' && isNamed) return true;
  if (rules?.route !== undefined) return false;
  const { table } = target;
  const isTableKept = isNamed || table === undefined || usesEvery(source.table.regex, table, '');
  if (typeof source.schema === 'string' || !isTableKept) return isTableKept;
  if (usesEvery(source.schema.regex, target.schema, 's')) return true;
  // A name that is put together of both sides' groups may come out the same of two pairs.
  return isNamed && table !== undefined && usesEvery(source.schema.regex, table, 's');
}

/**
 * True when two different names that match the expression can never get the same target name: all that varies stands in
 * groups, and the target's name uses every one of them. Careful: what is not simple to see (nested or repeated groups, groups
 * side by side in the target's name) counts as false. `of`: what the groups are called, `$1` or `$s1`.
 */
function usesEvery(regex: string, targetName: string, of: '' | 's'): boolean {
  if (of === 's' && targetName.includes('$s0')) return true;
  const digits = [...targetName.matchAll(/\$(s?)(\d)/g)].filter(([, marker]) => marker === of);
  if (new RegExp(String.raw`\$${of}\d\$${of}\d`).test(targetName)) return false;
  const used = digits.map(([, , digit]) => Number(digit));
  const outer = outsideOfGroups(regex);
  return (
    outer !== null &&
    outer.isLiteral &&
    Array.from({ length: outer.groupCount }, (_, i) => i + 1).every((group) => used.includes(group))
  );
}

/** Looks at the expression outside of its groups; null when that is not simple (nested or unnamed groups, repeated groups). */
function outsideOfGroups(regex: string): { readonly isLiteral: boolean; readonly groupCount: number } | null {
  // Escaped characters stand for themselves unless they name a class (\d, \w, …), which varies.
  const text = regex.replaceAll(/\\(\W)/g, '_');
  const groups = [...text.matchAll(/\(([^()]*)\)([?*+{]?)/g)];
  if (groups.some(([, body = '', repeat]) => body.startsWith('?') || repeat !== '')) return null;
  const rest = text.replaceAll(/\([^()]*\)/g, '_');
  return { isLiteral: !/[.*+?|()[\]{}\\^$]/.test(rest), groupCount: groups.length };
}
