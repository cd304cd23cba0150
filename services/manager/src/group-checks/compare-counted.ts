import { GroupTally } from '@lutra/mapping';
import { must } from '@lutra/model';
import type { Clock, ColumnDefinition, ColumnKind, ColumnValue, DonePlace, TableDefinition } from '@lutra/model';
import { keyLiteralWriter, quoteName, quoteTable, quoteText } from '@lutra/sql';
import type { TargetSession } from '@lutra/sql';
import { DIFFERENCES_MIN, EXAMPLES_MAX, TRIES, waitUntilReached } from './compare-groups.ts';
import type { ComparedGroups, GroupDifference } from './compare-groups.ts';
import { GROUPS_MAX } from './count-groups.ts';
import { textOf } from './group-queries.ts';

export interface CountedSides {
  /** Works with a session at the target: one that waited while the source is counted would be closed by its server. */
  readonly atTarget: <T>(work: (target: TargetSession) => Promise<T>) => Promise<T>;
  /** What the mapping says that the target's table is. */
  readonly table: TableDefinition;
  /** What the rows of the source say now; a text: why they are not counted. */
  readonly count: () => Promise<GroupTally | string>;
  /** What the source has executed by now. */
  readonly executed: () => Promise<DonePlace>;
  /** What the target holds; null = not known. */
  readonly reached: () => Promise<DonePlace | null>;
  readonly clock: Clock;
}

/** Groups that are looked for at once. */
const PAGE = 50;
const NUMBERS: ReadonlySet<ColumnKind> = new Set(['integer', 'decimal', 'float', 'double', 'year']);
/** Of which the servers write equal values in several ways. */
const NO_GROUPS: ReadonlySet<ColumnKind> = new Set(['bit', 'json', 'geometry']);

/**
 * As compareGroups, where only the mapping itself can tell what is counted: all rows of the source are read and counted, once
 * when nothing differs, and again for what does. A text says why that is not done.
 */
export async function compareCounted(sides: CountedSides, signal: AbortSignal): Promise<ComparedGroups | string> {
  const unclear = sides.table.primaryKey.map((at) => columnAt(sides.table, at)).find(({ kind }) => NO_GROUPS.has(kind));
  if (unclear !== undefined) return `it groups by ${unclear.declared} (${unclear.name})`;
  let first = await sides.count();
  const names = new Set<string>();
  let candidates: ReadonlyMap<string, Candidate> | null = null;
  const wrong: GroupDifference[] = [];
  for (let tries = 0; tries < TRIES && candidates?.size !== 0; tries += 1) {
    if (typeof first === 'string') return first;
    if (!(await waitUntilReached(sides, await sides.executed(), signal))) {
      const unsettled = candidates?.size ?? first.size;
      return { groups: Math.max(names.size, unsettled), unsettled, ...told(wrong) };
    }
    const target = await readTarget(sides);
    if (typeof target === 'string') return target;
    const before = await placed(sides, first, target);
    if (candidates === null) for (const name of [...before.keys(), ...target.keys()]) names.add(name);
    const differing: string[] = [...(candidates?.keys() ?? names)].filter(
      (name) => before.get(name) !== target.get(name),
    );
    if (differing.length === 0) {
      candidates = new Map();
      break;
    }
    const second = await sides.count();
    if (typeof second === 'string') return second;
    const after = await placed(sides, second, target);
    const next = stillDiffering(differing, { candidates, before, target, after });
    for (const [group, { source, target: found, differences }] of next) {
      if (differences < DIFFERENCES_MIN) continue;
      wrong.push({ group, source, target: found });
      next.delete(group);
    }
    candidates = next;
    first = second;
  }
  return { groups: names.size, unsettled: candidates?.size ?? 0, ...told(wrong) };
}

const told = (wrong: readonly GroupDifference[]): Pick<ComparedGroups, 'differing' | 'examples'> => ({
  ...{ differing: wrong.length, examples: wrong.slice(0, EXAMPLES_MAX) },
});

interface Candidate {
  readonly source: string | null;
  readonly target: string | null;
  readonly differences: number;
}

/** Count and values by the group's name. */
type Groups = ReadonlyMap<string, string>;

interface Looked {
  readonly candidates: ReadonlyMap<string, Candidate> | null;
  readonly before: Groups;
  readonly target: Groups;
  readonly after: Groups;
}

function stillDiffering(names: readonly string[], looked: Looked): Map<string, Candidate> {
  const next = new Map<string, Candidate>();
  for (const name of names) {
    const [before, target, after] = [looked.before, looked.target, looked.after].map((each) => each.get(name) ?? null);
    if (target === undefined || target === after) continue;
    const known = looked.candidates?.get(name);
    const isSame = known?.source === after && known?.target === target;
    const differences = before !== after ? 0 : isSame ? known.differences + 1 : 1;
    next.set(name, { source: after ?? null, target, differences });
  }
  return next;
}

/** All that is there. */
async function readTarget({ atTarget, table }: CountedSides): Promise<Groups | string> {
  const sql = `SELECT ${allOf(table)} FROM ${quoteTable(table)} LIMIT ${String(GROUPS_MAX + 1)}`;
  const rows = await atTarget((target) => target.query(sql));
  if (rows.length > GROUPS_MAX) return `there are more than ${String(GROUPS_MAX)} groups at the target`;
  return new Map(rows.map((row) => [nameOf(table, textsOf(table, row)), countedOf(table, textsOf(table, row))]));
}

/** By the names that the groups have at the target: what its key takes for one group is one. */
async function placed(sides: CountedSides, tally: GroupTally, there: Groups): Promise<Groups> {
  const { table } = sides;
  const merged = new GroupTally(table);
  const elsewhere: {
    readonly key: readonly ColumnValue[];
    readonly amounts: readonly ColumnValue[];
    readonly name: string;
  }[] = [];
  for (const [, group] of tally.all()) {
    const name = nameOf(
      table,
      group.key.map((value, at) => plain(columnAt(table, at), value)),
    );
    if (there.has(name)) merged.add(name, group);
    else elsewhere.push({ ...group, name });
  }
  if (elsewhere.length > 0)
    await sides.atTarget(async (target) => {
      for (let start = 0; start < elsewhere.length; start += PAGE) {
        const page = elsewhere.slice(start, start + PAGE);
        const keys = page.map(({ key }) => key);
        const found = await namesThere(target, table, keys);
        for (const [number, group] of page.entries()) merged.add(found.get(number) ?? group.name, group);
      }
    });
  const keys = table.primaryKey.length;
  return new Map(
    [...merged.all()].map(([name, { amounts }]) => [
      name,
      amounts.map((value, at) => plain(columnAt(table, keys + at), value)).join(','),
    ]),
  );
}

/** The names of rows that the target finds by these keys, by number of the key. */
async function namesThere(
  target: TargetSession,
  table: TableDefinition,
  keys: readonly (readonly ColumnValue[])[],
): Promise<ReadonlyMap<number, string>> {
  const selects = keys.map((key, number) => {
    const conditions = key.map((value, at) => {
      const { name, kind } = columnAt(table, at);
      return `${quoteName(name)}=${keyLiteralWriter(kind)(value)}`;
    });
    return `(SELECT ${String(number)} AS number,${allOf(table)} FROM ${quoteTable(table)} WHERE ${conditions.join(' AND ')})`;
  });
  const rows = await target.query(selects.join(' UNION ALL '));
  await target.rollback();
  return new Map(rows.map((row) => [Number(row['number']), nameOf(table, textsOf(table, row))]));
}

const allOf = ({ columns }: TableDefinition): string =>
  columns.map(({ name, kind }, at) => `${asText(quoteName(name), kind)} AS c${String(at)}`).join(',');

function asText(name: string, kind: ColumnKind): string {
  if (kind === 'binary') return `LOWER(HEX(${name}))`;
  return `CAST(${kind === 'float' || kind === 'double' ? `${name}+0e0` : name} AS CHAR)`;
}

const textsOf = ({ columns }: TableDefinition, row: Readonly<Record<string, unknown>>): readonly string[] =>
  columns.map((column, at) => {
    const value = row[`c${String(at)}`];
    return plain(column, value === null || value === undefined ? null : textOf(value));
  });

const nameOf = ({ columns, primaryKey }: TableDefinition, texts: readonly string[]): string =>
  texts
    .slice(0, primaryKey.length)
    .map((text, at) => (NUMBERS.has(must(columns[at], 'inside').kind) ? text : quoteText(text)))
    .join(', ');

const countedOf = ({ primaryKey }: TableDefinition, texts: readonly string[]): string =>
  texts.slice(primaryKey.length).join(',');

/** One text for equal values: digits behind the point are a matter of the column. */
function plain({ kind }: ColumnDefinition, value: ColumnValue): string {
  if (value === null) return 'NULL';
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  const text = String(value);
  if (kind === 'float' || kind === 'double') return String(Number(text));
  if (kind === 'text' || kind === 'enum' || kind === 'set' || kind === 'binary') return text;
  return text.replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '');
}

const columnAt = ({ columns }: TableDefinition, at: number): ColumnDefinition => must(columns[at], 'inside');
