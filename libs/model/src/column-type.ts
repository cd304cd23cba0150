import type { ColumnDefinition, ColumnKind } from './column.ts';

/** What a column is apart from its name. */
export type ColumnType = Omit<ColumnDefinition, 'name' | 'nullable' | 'generated'>;

const INTEGER_BYTES: Readonly<Record<string, number>> = { tinyint: 1, smallint: 2, mediumint: 3, int: 4, bigint: 8 };
const SYNONYMS: Readonly<Record<string, string>> = {
  ...{ integer: 'int', bool: 'tinyint', boolean: 'tinyint', numeric: 'decimal', dec: 'decimal', fixed: 'decimal' },
  ...{ real: 'double', 'double precision': 'double' },
};
const KINDS: Readonly<Record<string, ColumnKind>> = {
  ...{ float: 'float', double: 'double', year: 'year', date: 'date', json: 'json' },
  ...{ time: 'time', datetime: 'datetime', timestamp: 'timestamp' },
  ...{ char: 'text', varchar: 'text', tinytext: 'text', text: 'text', mediumtext: 'text', longtext: 'text' },
  ...{ binary: 'binary', varbinary: 'binary', tinyblob: 'binary', blob: 'binary', mediumblob: 'binary' },
  ...{ longblob: 'binary', enum: 'enum', set: 'set' },
};
const CHARACTERS_MAX: Readonly<Record<string, number>> = { char: 255, varchar: 65_535, binary: 255, varbinary: 65_535 };
const DECIMAL_DIGITS_MAX = 65;
const DECIMAL_SCALE_MAX = 30;
const BITS_MAX = 64;
const FRACTION_DIGITS_MAX = 6;

/** Name, what is in brackets, the sign, the charset. Labels are the only thing in brackets that may hold one. */
const FORM =
  /^\s*([a-z]+(?:\s+precision)?)\s*(?:\(\s*((?:[^()']|'(?:[^'\\]|''|\\.)*'(?!'))*?)\s*\))?((?:\s+(?:signed|unsigned|zerofill))*)(?:\s+(?:character\s+set|charset)\s+(\w+))?\s*$/is;
const LABEL = /\s*'((?:[^'\\]|''|\\.)*)'\s*(,|$)/gsy;
const ESCAPES = new Map([
  ['0', '\0'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['b', '\b'],
  ['Z', '\x1a'],
]);

/**
 * A type as a CREATE TABLE names it: 'bigint unsigned', 'decimal(12,2)', "enum('a','b')", 'varchar(20) charset latin1'. Text
 * without a charset is utf8mb4; 'boolean' is tinyint(1). Null when it is no such type; those of one server only (uuid, vector)
 * and geometries are none.
 */
export function readColumnType(declared: string): ColumnType | null {
  const [, written, inside, signs = '', charset] = FORM.exec(declared) ?? [];
  if (written === undefined) return null;
  const word = written.toLowerCase().replace(/\s+/, ' ');
  const name = SYNONYMS[word] ?? word;
  if (name === 'enum' || name === 'set') return labelled(name, { inside, charset });
  const numbers = numbersOf(inside);
  if (numbers === null) return null;
  const unsigned = /unsigned|zerofill/i.test(signs);
  const sign = unsigned ? ' unsigned' : '';
  const isNumeric = name in INTEGER_BYTES || name === 'decimal' || name === 'float' || name === 'double';
  if (signs !== '' && !isNumeric) return null;
  const kind = KINDS[name];
  if (charset !== undefined && kind !== 'text') return null;
  if (name in INTEGER_BYTES) return integer(name, { numbers, unsigned, isBoolean: word.startsWith('bool') });
  const [first, second, ...more] = numbers;
  if (more.length > 0 || (second !== undefined && name !== 'decimal')) return null;
  if (name === 'decimal') return decimal(first ?? 10, second ?? 0, unsigned);
  if (name === 'bit') return bit(first ?? 1);
  switch (kind) {
    case 'float':
    case 'double':
      return first === undefined ? { kind, declared: name + sign, unsigned } : null;
    case 'time':
    case 'datetime':
    case 'timestamp': {
      const length = first ?? 0;
      const digits = length === 0 ? '' : `(${String(length)})`;
      return length > FRACTION_DIGITS_MAX ? null : { kind, declared: name + digits, length };
    }
    case 'text':
    case 'binary':
      return characters(kind, { name, length: first, charset });
    case 'year':
      return { kind, declared: name };
    case 'date':
    case 'json':
      return first === undefined ? { kind, declared: name } : null;
    default:
      return null;
  }
}

/** Null when what stands in the brackets are no numbers. */
function numbersOf(inside: string | undefined): readonly number[] | null {
  if (inside === undefined) return [];
  return /^\d{1,6}(?:\s*,\s*\d{1,6})*$/.test(inside) ? inside.split(',').map(Number) : null;
}

function integer(
  name: string,
  { numbers, unsigned, isBoolean }: { readonly numbers: readonly number[]; unsigned: boolean; isBoolean: boolean },
): ColumnType | null {
  const bytes = INTEGER_BYTES[name];
  if (bytes === undefined || numbers.length > 1 || (isBoolean && numbers.length > 0)) return null;
  // Any other display width means nothing.
  const isFlag = isBoolean || (name === 'tinyint' && numbers[0] === 1);
  return { kind: 'integer', declared: `${name}${isFlag ? '(1)' : ''}${unsigned ? ' unsigned' : ''}`, bytes, unsigned };
}

function decimal(length: number, scale: number, unsigned: boolean): ColumnType | null {
  if (length < 1 || length > DECIMAL_DIGITS_MAX || scale > DECIMAL_SCALE_MAX || scale > length) return null;
  const declared = `decimal(${String(length)},${String(scale)})${unsigned ? ' unsigned' : ''}`;
  return { kind: 'decimal', declared, length, scale, unsigned };
}

const bit = (length: number): ColumnType | null =>
  length < 1 || length > BITS_MAX ? null : { kind: 'bit', declared: `bit(${String(length)})`, length };

function characters(
  kind: 'text' | 'binary',
  {
    name,
    length: given,
    charset = 'utf8mb4',
  }: { name: string; length: number | undefined; charset: string | undefined },
): ColumnType | null {
  const max = CHARACTERS_MAX[name];
  const text = kind === 'text' ? { charset: charset.toLowerCase() } : {};
  if (max === undefined) return given === undefined ? { kind, declared: name, ...text } : null;
  const length = given ?? (name.startsWith('var') ? undefined : 1);
  if (length === undefined || length > max) return null;
  return { kind, declared: `${name}(${String(length)})`, length, ...text };
}

function labelled(
  kind: 'enum' | 'set',
  { inside = '', charset = 'utf8mb4' }: { readonly inside: string | undefined; readonly charset: string | undefined },
): ColumnType | null {
  const labels: string[] = [];
  LABEL.lastIndex = 0;
  for (let match = LABEL.exec(inside); match !== null; match = LABEL.exec(inside)) {
    labels.push((match[1] ?? '').replaceAll(/''|\\(.)/gs, (_pair, escaped?: string) => unescaped(escaped)));
    if (match[2] === ',') continue;
    const quoted = labels.map((label) => `'${label.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`);
    return { kind, declared: `${kind}(${quoted.join(',')})`, labels, charset: charset.toLowerCase() };
  }
  return null;
}

const unescaped = (escaped: string | undefined): string =>
  escaped === undefined ? "'" : (ESCAPES.get(escaped) ?? escaped);
