import type { ColumnRule } from '@lutra/model';
import { quoteName, quoteTable } from '@lutra/sql';
import type { Finding } from './finding.ts';
import { atTarget } from './finding.ts';
import type { ServerFacts, TablePair } from './pre-check-facts.ts';

/** So many names say what is meant. */
const NAMED_MAX = 4;

/**
 * Several tables of the source that become one: whether their rows can be told apart there. A column of the target's key that
 * the mapping computes is taken to do so, unless it has one value for all of them.
 */
export function judgeMerging(pairs: readonly TablePair[], server: ServerFacts): Finding[] {
  const isCaseFolded = Number(server.variables['lower_case_table_names'] ?? 0) !== 0;
  const groups = new Map<string, TablePair[]>();
  for (const pair of pairs) {
    const { schema, table } = pair.targetName;
    const name = JSON.stringify([schema, table]);
    const id = isCaseFolded ? name.toLowerCase() : name;
    const present = groups.get(id);
    if (present === undefined) groups.set(id, [pair]);
    else present.push(pair);
  }
  return [...groups.values()].flatMap((into) => (into.length < 2 ? [] : judgeGroup(into)));
}

function judgeGroup(into: readonly TablePair[]): Finding[] {
  const [first] = into;
  if (first === undefined) return [];
  const twice = into.find((pair, index) => into.slice(0, index).some((other) => isSameSource(pair, other)));
  if (twice !== undefined) return [takenTwice(twice, into)];
  return areToldApart(into) ? [] : [mayCollide(first, into)];
}

const nameOf = ({ source: { schema, table } }: TablePair): string => `${schema}.${table}`;

const isSameSource = (one: TablePair, other: TablePair): boolean => nameOf(one) === nameOf(other);

function takenTwice(pair: TablePair, into: readonly TablePair[]): Finding {
  const { targetName } = pair;
  const mappings = into.filter((each) => isSameSource(each, pair)).map(({ mapping }) => mapping.id);
  return {
    code: 'TABLE_TAKEN_TWICE',
    severity: 'error',
    subject: { place: 'target', ...targetName, name: mappings.join(', ') },
    explanation: `${String(mappings.length)} mappings bring ${nameOf(pair)} into ${targetName.schema}.${targetName.table}: each of its rows is written by each of them, and the last one stays. Let one of them go into another table, or leave the table out of its expression`,
    statements: [],
  };
}

/** Whether the columns of the key at the target differ between all of them. */
function areToldApart(into: readonly TablePair[]): boolean {
  const [first] = into;
  const key = first?.target?.key?.columns ?? first?.source.key?.columns ?? [];
  const values = into.map((pair, index) => {
    const ruleOf = (column: string): ColumnRule | undefined =>
      pair.mapping.rules?.columns?.find(({ target }) => target.toLowerCase() === column);
    return JSON.stringify(key.map((column) => valueOf(ruleOf(column), pair, index)));
  });
  return new Set(values).size === into.length;
}

/** What the column holds for the rows of one table, as far as that is the same for all of them. */
function valueOf(rule: ColumnRule | undefined, { source }: TablePair, index: number): string {
  if (rule === undefined) return '';
  const { from } = rule;
  if (from.kind === 'constant') return JSON.stringify(from.value);
  if (from.kind === 'fact' && from.fact === 'sourceSchema') return JSON.stringify([source.schema]);
  if (from.kind === 'fact' && from.fact === 'sourceTable') return JSON.stringify([source.table]);
  if (from.kind === 'column' || from.kind === 'fact') return '';
  // What an expression gives is for the person to know who wrote it.
  return `rule ${String(index)}`;
}

function mayCollide(pair: TablePair, into: readonly TablePair[]): Finding {
  const { targetName, target, source } = pair;
  const names = into.map(nameOf);
  const more = names.length > NAMED_MAX ? ` and ${String(names.length - NAMED_MAX)} more` : '';
  const fact = new Set(into.map((each) => each.source.schema)).size === into.length ? 'sourceSchema' : 'sourceTable';
  const key = target?.key ?? source.key;
  const columns = [...(key?.columns ?? [])].map((name) => quoteName(name)).join(', ');
  const column = quoteName(fact === 'sourceSchema' ? 'source_schema' : 'source_table');
  const drop = target?.key?.name === 'PRIMARY' ? 'DROP PRIMARY KEY, ' : '';
  const statement = `ALTER TABLE ${quoteTable(targetName)} ADD COLUMN ${column} VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL DEFAULT '', ${drop}ADD PRIMARY KEY (${columns}, ${column})`;
  return {
    code: 'SHARDS_MAY_COLLIDE',
    severity: 'warning',
    subject: { place: 'target', ...targetName },
    explanation: `${names.slice(0, NAMED_MAX).join(', ')}${more} become one table, and nothing in its key (${columns === '' ? 'it has none' : columns}) says which of them a row comes from: rows of equal keys overwrite each other. Where the source does not keep their keys apart, give the mapping a column ${column} from {kind: fact, fact: ${fact}}, and the table a key with it`,
    statements: target === null || columns === '' ? [] : atTarget(statement),
  };
}
