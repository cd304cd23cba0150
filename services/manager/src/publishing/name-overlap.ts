import type { MappingDefinition, NamePattern, SchemaPattern } from '@lutra/model';
import { sampleNames } from './sample-names.ts';

/** What a mapping calls a schema or table at the target, as far as that is known without the source. */
export type WrittenName =
  | { readonly kind: 'name'; readonly text: string }
  /** The source's own name, which matches the expression. */
  | { readonly kind: 'regex'; readonly text: string }
  /** Put together out of groups. */
  | { readonly kind: 'template'; readonly text: string };

export interface WrittenTable {
  readonly schema: WrittenName;
  readonly table: WrittenName;
}

/** The tables that a mapping writes: one, or each of its route. */
export function writtenTables({
  source,
  target,
  rules,
}: Pick<MappingDefinition, 'source' | 'target' | 'rules'>): readonly WrittenTable[] {
  const schema = writtenSchema(source.schema, target.schema);
  const tables = rules?.route?.tables.map((text): WrittenName => ({ kind: 'name', text })) ?? [
    writtenTable(source, target.table),
  ];
  return tables.map((table) => ({ schema, table }));
}

function writtenSchema(source: SchemaPattern, text: string): WrittenName {
  if (typeof source === 'string' || !/\$s\d/.test(text)) return { kind: 'name', text };
  return text === '$s0' ? { kind: 'regex', text: source.regex } : { kind: 'template', text };
}

function writtenTable({ schema, table }: MappingDefinition['source'], text: string | undefined): WrittenName {
  if (text === undefined)
    return 'exact' in table ? { kind: 'name', text: table.exact } : { kind: 'regex', text: table.regex };
  const hasGroups = ('regex' in table && /\$[1-9]/.test(text)) || (typeof schema !== 'string' && /\$s\d/.test(text));
  return { kind: hasGroups ? 'template' : 'name', text };
}

/**
 * The name that both give, as far as names alone can tell; null when they give none together. Names that come out of groups
 * ($1) are compared as text only: whether two expressions ever give the same name is not decided here.
 */
export function commonName(a: WrittenName, b: WrittenName): string | null {
  if (a.kind === 'template' || b.kind === 'template') return a.kind === b.kind && a.text === b.text ? a.text : null;
  if (a.kind === 'name') {
    if (b.kind === 'name') return a.text === b.text ? a.text : null;
    return matches(b.text, a.text) ? a.text : null;
  }
  if (b.kind === 'name') return matches(a.text, b.text) ? b.text : null;
  return a.text === b.text ? a.text : null;
}

/** Whether what is written may be what is read. False only when names prove that it is something else. */
export function maybeReads(written: WrittenName, read: SchemaPattern | NamePattern): boolean {
  const exact = typeof read === 'string' ? read : 'exact' in read ? read.exact : null;
  if (written.kind === 'name') return exact === null ? matches(regexOf(read), written.text) : written.text === exact;
  const begins = written.kind === 'template' ? templateStart(written.text) : regexStart(written.text);
  if (exact !== null) return written.kind === 'template' ? exact.startsWith(begins) : matches(written.text, exact);
  const other = regexStart(regexOf(read));
  return begins.startsWith(other) || other.startsWith(begins);
}

/**
 * Whether two mappings may read one table. Exact for names; where two expressions meet it is shown by names that they match, so
 * that an overlap may stay unseen: the pre-check finds it in the tables that there are.
 */
export function maybeShareTable(one: MappingDefinition['source'], other: MappingDefinition['source']): boolean {
  return overlap(patternOf(one.schema), patternOf(other.schema)) && overlap(one.table, other.table);
}

function overlap(one: NamePattern, other: NamePattern): boolean {
  if ('exact' in one) return 'exact' in other ? one.exact === other.exact : matches(other.regex, one.exact);
  if ('exact' in other) return matches(one.regex, other.exact);
  const isIn = (names: readonly string[], regex: string): boolean => names.some((name) => matches(regex, name));
  const [ours, theirs] = [sampleNames(one.regex), sampleNames(other.regex)];
  return (
    one.regex === other.regex ||
    // A sample may be none of the expression's own names.
    isIn(
      ours.filter((name) => matches(one.regex, name)),
      other.regex,
    ) ||
    isIn(
      theirs.filter((name) => matches(other.regex, name)),
      one.regex,
    )
  );
}

const patternOf = (schema: SchemaPattern): NamePattern => (typeof schema === 'string' ? { exact: schema } : schema);

const regexOf = (read: SchemaPattern | NamePattern): string =>
  typeof read === 'object' && 'regex' in read ? read.regex : '';

/** What every name of a template begins with. */
const templateStart = (template: string): string => template.slice(0, template.search(/\$(?:s\d|[1-9])/));

/** What every name that matches begins with, as far as that is plain to see. */
function regexStart(regex: string): string {
  if (regex.includes('|') && !/^[^()|]*\((?!\?)[^()]*\)[^()|]*$/u.test(regex)) return '';
  const plain = /^[\p{L}\p{N}_ -]*/u.exec(regex)?.[0] ?? '';
  // What stands before a repeat may be missing.
  return /^[?*{]/.test(regex.slice(plain.length)) ? plain.slice(0, -1) : plain;
}

const matches = (regex: string, name: string): boolean => new RegExp(`^(?:${regex})$`, 'u').test(name);
