/** gh-ost: _t_gho (the ghost), _t_ghc (its change log), _t_del and _t_<time>_del (the old table). */
const GH_OST = /^_(.+?)(?:_\d{14})?_(gho|ghc|del)$/su;
/** pt-online-schema-change: _t_new (the ghost) and _t_old (the old table), with more underscores where a name was taken. */
const PT_OSC = /^_+(.+)_(new|old)$/su;

export interface GhostTable {
  /** The table whose schema is changed. */
  readonly of: string;
  /** ghost: takes the place of the table. helper: holds nothing of it, or is the old table. */
  readonly role: 'ghost' | 'helper';
}

/**
 * What a table's name says of its part in an online schema change by gh-ost or pt-online-schema-change; null = none.
 * Sources of the forms: gh-ost's doc/cheatsheet.md and doc/shared-key.md, the manual of pt-online-schema-change.
 */
export function readGhostTable(table: string): GhostTable | null {
  const match = GH_OST.exec(table) ?? PT_OSC.exec(table);
  const [, of, suffix] = match ?? [];
  if (of === undefined) return null;
  return { of, role: suffix === 'gho' || suffix === 'new' ? 'ghost' : 'helper' };
}
