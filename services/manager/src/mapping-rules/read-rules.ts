import { assertNever } from '@lutra/model';
import type {
  AggregateRule,
  ColumnOrigin,
  ColumnRule,
  ColumnStep,
  Explode,
  MappingRules,
  RowRules,
} from '@lutra/model';
import { fieldRefusal } from '../http/refuse-field.ts';
import type { AggregateRuleDto } from './aggregate-rule.dto.ts';
import type { ColumnOriginDto, ColumnRuleDto, ColumnStepDto, MapOtherwiseDto } from './column-rule.dto.ts';
import type { GivenKey } from './field-checks.ts';
import { LOOKUP_ROWS, LOOKUP_TTL_MS } from './lookup-rule.dto.ts';
import type { LookupRuleDto } from './lookup-rule.dto.ts';
import type { GivenLookup } from './lookup-sources.ts';
import { SCRIPT_BYTES, SCRIPT_MS } from './mapping-rules.dto.ts';
import type { ExplodeByDto, MappingRulesDto, RowRulesDto } from './mapping-rules.dto.ts';

type WithGivenKey<S> = S extends { readonly key: string } ? Omit<S, 'key'> & { readonly key: GivenKey | undefined } : S;

/** As {@link ColumnStep}, with keys as a request gives them: undefined stands for the one that is there. */
export type GivenStep = WithGivenKey<ColumnStep>;
export interface GivenColumnRule extends Omit<ColumnRule, 'steps'> {
  readonly steps?: readonly GivenStep[];
}
/** As {@link MappingRules}, before keys are sealed: masking-keys.ts. */
export interface GivenRules extends Omit<MappingRules, 'columns' | 'lookups'> {
  readonly lookups?: readonly GivenLookup[];
  readonly columns?: readonly GivenColumnRule[];
}

/** The rules of a request with exactly the fields of their kinds; null when there are none. Throws REQUEST_INVALID with the field's path. */
export function rulesOf(given: MappingRulesDto): GivenRules | null {
  const { lookups, rows, columns, script, processors, route, aggregate, columnGroups } = given;
  const rules: GivenRules = {
    ...(lookups === undefined || lookups.length === 0 ? {} : { lookups: lookups.map(lookupOf) }),
    ...(rows === undefined ? {} : { rows: rowRulesOf(rows) }),
    ...(columns === undefined || columns.length === 0 ? {} : { columns: columns.map(columnRuleOf) }),
    ...(script === undefined
      ? {}
      : {
          script: {
            source: script.source,
            columns: (script.columns ?? []).map(({ name, type }) => ({ name, type })),
            timeMs: script.timeMs ?? SCRIPT_MS,
            memoryBytes: script.memoryBytes ?? SCRIPT_BYTES,
          },
        }),
    ...(processors === undefined || processors.length === 0
      ? {}
      : { processors: processors.map(({ name, settings = {} }) => ({ name, settings })) }),
    ...(route === undefined ? {} : { route: { expression: route.expression, tables: [...route.tables] } }),
    ...(aggregate === undefined ? {} : { aggregate: aggregateOf(aggregate) }),
    ...(columnGroups === undefined || columnGroups.length === 0 ? {} : { columnGroups }),
  };
  requireDistinct(rules);
  return Object.keys(rules).length === 0 ? null : rules;
}

function lookupOf(given: LookupRuleDto): GivenLookup {
  const { name, dataSourceId, dataSource, schema, table, key, columns, ttlMs, rowsMax, missing } = given;
  return {
    name,
    ...(dataSourceId === undefined ? {} : { dataSourceId }),
    ...(dataSource === undefined ? {} : { dataSource }),
    ...{ schema, table, key: key.map(({ column, expression }) => ({ column, expression })), columns: [...columns] },
    ...{ ttlMs: ttlMs ?? LOOKUP_TTL_MS, rowsMax: rowsMax ?? LOOKUP_ROWS, missing: missing ?? 'fail' },
  };
}

function rowRulesOf({ filter, leaveOut, softDelete, explode }: RowRulesDto): RowRules {
  return {
    ...(filter === undefined ? {} : { filter }),
    ...(leaveOut === undefined || leaveOut.length === 0 ? {} : { leaveOut: [...leaveOut] }),
    ...(softDelete === undefined
      ? {}
      : { softDelete: { column: softDelete.column, deleted: softDelete.deleted, present: softDelete.present } }),
    ...(explode === undefined
      ? {}
      : {
          explode: {
            column: explode.column,
            by: wayOf(explode.by),
            as: explode.as,
            ...(explode.positionAs === undefined ? {} : { positionAs: explode.positionAs }),
          },
        }),
  };
}

const aggregateOf = ({ groupBy, count, values = [] }: AggregateRuleDto): AggregateRule => ({
  groupBy: groupBy.map(({ expression, target }) => ({ expression, target })),
  count,
  values: values.map(({ function: kind, expression, target }) => ({ function: kind, expression, target })),
});

function wayOf({ kind, separator }: ExplodeByDto): Explode['by'] {
  const field = 'rules.rows.explode.by.separator';
  if (kind === 'delimiter') return { kind, separator: needed(separator, field, kind) };
  if (separator !== undefined) refuse(field, `belongs to delimiter, not to ${kind}`);
  return { kind };
}

function columnRuleOf({ target, from, steps }: ColumnRuleDto, index: number): GivenColumnRule {
  const field = `rules.columns.${String(index)}`;
  return {
    target,
    from: originOf(from, `${field}.from`),
    ...(steps === undefined || steps.length === 0
      ? {}
      : { steps: steps.map((step, at) => stepOf(step, `${field}.steps.${String(at)}`)) }),
  };
}

const ORIGIN_FIELDS: Readonly<Record<ColumnOriginDto['kind'], readonly (keyof ColumnOriginDto)[]>> = {
  column: ['column'],
  constant: ['value'],
  expression: ['expression'],
  concat: ['columns', 'separator'],
  lookup: ['lookup', 'column'],
  fact: ['fact'],
};

function originOf(given: ColumnOriginDto, field: string): ColumnOrigin {
  const { kind, column, value, expression, columns, separator, lookup, fact } = given;
  refuseOthers(given, ORIGIN_FIELDS, field);
  const need = <T>(one: T | undefined, name: string): T => needed(one, `${field}.${name}`, kind);
  switch (kind) {
    case 'column':
      return { kind, column: need(column, 'column') };
    case 'constant':
      return { kind, value: need(value, 'value') };
    case 'expression':
      return { kind, expression: need(expression, 'expression') };
    case 'concat':
      return { kind, columns: [...need(columns, 'columns')], separator: separator ?? '' };
    case 'lookup':
      return { kind, lookup: need(lookup, 'lookup'), column: need(column, 'column') };
    case 'fact':
      return { kind, fact: need(fact, 'fact') };
    default:
      return assertNever(kind);
  }
}

const STEP_FIELDS: Readonly<Record<ColumnStep['kind'], readonly (keyof ColumnStepDto)[]>> = {
  default: ['value', 'when'],
  map: ['entries', 'otherwise'],
  convert: ['type', 'onLoss', 'format', 'zone', 'charset'],
  hash: ['key', 'length'],
  token: ['key'],
  partial: ['keepStart', 'keepEnd', 'with'],
  json: ['path'],
  split: ['separator', 'index'],
};

function stepOf(given: ColumnStepDto, field: string): GivenStep {
  const { kind } = given;
  refuseOthers(given, STEP_FIELDS, field);
  const need = <T>(one: T | undefined, name: string): T => needed(one, `${field}.${name}`, kind);
  switch (kind) {
    case 'default':
      return { kind, value: need(given.value, 'value'), when: given.when ?? 'null' };
    case 'map':
      return {
        kind,
        entries: need(given.entries, 'entries').map(({ from, to }) => ({ from, to })),
        otherwise: otherwiseOf(given.otherwise, `${field}.otherwise`),
      };
    case 'convert': {
      const { format, zone, charset } = given;
      return {
        ...{ kind, type: need(given.type, 'type'), onLoss: given.onLoss ?? 'fail' },
        ...(format === undefined ? {} : { format }),
        ...(zone === undefined ? {} : { zone }),
        ...(charset === undefined ? {} : { charset }),
      };
    }
    case 'hash':
      return { kind, key: given.key, ...(given.length === undefined ? {} : { length: given.length }) };
    case 'token':
      return { kind, key: given.key };
    case 'partial':
      return { kind, keepStart: given.keepStart ?? 0, keepEnd: given.keepEnd ?? 0, with: given.with ?? '*' };
    case 'json':
      return { kind, path: need(given.path, 'path') };
    case 'split':
      return { kind, separator: need(given.separator, 'separator'), index: need(given.index, 'index') };
    default:
      return assertNever(kind);
  }
}

function otherwiseOf(
  given: MapOtherwiseDto | undefined,
  field: string,
): Extract<ColumnStep, { readonly kind: 'map' }>['otherwise'] {
  const { kind, value } = given ?? { kind: 'fail' };
  if (kind === 'value') return { kind, value: needed(value, `${field}.value`, kind) };
  if (value !== undefined) refuse(`${field}.value`, `belongs to value, not to ${kind}`);
  return { kind };
}

/** Column names are compared without case by the servers. */
function requireDistinct({ lookups = [], rows, columns, script, route }: GivenRules): void {
  const lists: readonly (readonly [field: string, names: readonly string[]])[] = [
    ...lookups.map((lookup, index) => [`rules.lookups.${String(index)}.columns`, lookup.columns] as const),
    ['rules.columns', (columns ?? []).map(({ target }) => target)],
    ['rules.script.columns', (script?.columns ?? []).map(({ name }) => name)],
    ['rules.rows.explode.positionAs', [rows?.explode?.as ?? '', rows?.explode?.positionAs ?? ' ']],
  ];
  for (const [field, names] of lists) {
    const lower = names.map((name) => name.toLowerCase());
    const twice = names.find((name, index) => lower.indexOf(name.toLowerCase()) !== index);
    if (twice !== undefined) refuse(field, `names the column ${twice} twice`);
  }
  const names = lookups.map(({ name }) => name.toLowerCase());
  const taken = names.find((name) => ['row', 'before', 'after'].includes(name));
  if (taken !== undefined) refuse('rules.lookups', `may not be called ${taken}: that is what is known of a row`);
  const again = names.find((name, index) => names.indexOf(name) !== index);
  if (again !== undefined) refuse('rules.lookups', `names ${again} twice`);
  const tables = route?.tables ?? [];
  const twice = tables.find((name, index) => tables.indexOf(name) !== index);
  if (twice !== undefined) refuse('rules.route.tables', `names ${twice} twice`);
}

/** Throws REQUEST_INVALID when a field is there that belongs to other kinds. */
function refuseOthers<K extends string>(
  given: Readonly<Record<string, unknown>> | { readonly kind: K },
  fields: Readonly<Record<K, readonly string[]>>,
  parent: string,
): void {
  const kind = given.kind as K;
  const other = Object.entries(given).find(
    ([name, value]) => name !== 'kind' && value !== undefined && !fields[kind].includes(name),
  );
  if (other !== undefined) refuse(`${parent}.${other[0]}`, `does not belong to ${kind}`);
}

function needed<T>(value: T | undefined, field: string, kind: string): T {
  return value ?? (value === null ? value : refuse(field, `is what ${kind} needs`));
}

function refuse(field: string, rest: string): never {
  throw fieldRefusal(field, `${field} ${rest}`);
}
