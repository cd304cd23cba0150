/** One place where two values differ. */
export interface Difference {
  /** JSON pointer; members of a list of things with ids are named by their id. */
  readonly path: string;
  readonly kind: 'added' | 'removed' | 'changed';
  /** Left out when it was not there. */
  readonly before?: unknown;
  readonly after?: unknown;
}

/**
 * Where two JSON values differ, by path: objects field by field, lists of things with ids by id whatever their order, other
 * lists as a whole. Empty when they are equal.
 */
export function structuralDiff(before: unknown, after: unknown): Difference[] {
  return compare(before, after, '');
}

function compare(before: unknown, after: unknown, path: string): Difference[] {
  const [one, other] = [fieldsOf(before), fieldsOf(after)];
  if (one !== null && other !== null && Array.isArray(before) === Array.isArray(after)) {
    const names = new Set([...one.keys(), ...other.keys()]);
    return [...names].flatMap((name) => compare(one.get(name), other.get(name), `${path}/${escaped(name)}`));
  }
  if (before === undefined) return after === undefined ? [] : [{ path, kind: 'added', after }];
  if (after === undefined) return [{ path, kind: 'removed', before }];
  return isEqual(before, after) ? [] : [{ path, kind: 'changed', before, after }];
}

/** Null for what has no fields: plain values, lists of plain values. */
function fieldsOf(value: unknown): ReadonlyMap<string, unknown> | null {
  if (typeof value !== 'object' || value === null) return null;
  if (!Array.isArray(value)) return new Map(Object.entries(value));
  const entries = (value as readonly unknown[]).map((one): [string, unknown] | null => {
    const id = typeof one === 'object' && one !== null && 'id' in one ? one.id : null;
    return typeof id === 'string' ? [id, one] : null;
  });
  const named = entries.filter((entry) => entry !== null);
  const byId = new Map(named);
  return byId.size === value.length ? byId : null;
}

/** The order of fields says nothing, the order of a list does. */
function isEqual(one: unknown, other: unknown): boolean {
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((member, index) => isEqual(member, other[index]));
  }
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return one === other;
  return !Array.isArray(one) && !Array.isArray(other) && compare(one, other, '').length === 0;
}

const escaped = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');
