import fc from 'fast-check';
import type { ColumnValue, DatabaseKind } from '@lutra/model';

/** A column type with the values that the corpus writes into it, and how its value is asked of the server exactly. */
export interface CorpusType {
  readonly declared: string;
  /** SQL expressions. */
  readonly values: fc.Arbitrary<string>;
  /** Expression over the column whose answer names the value exactly, and what the decoder should say for that answer. */
  readonly select: (name: string) => string;
  readonly read: (answer: string) => ColumnValue;
  /** Servers that have the type; both unless given. */
  readonly only?: DatabaseKind;
  /** Why zongji's value cannot be compared. */
  readonly zongjiCannot?: string;
  /** Why the value that the server's tool prints cannot be compared; 'stops': nothing behind it can be read either. */
  readonly toolCannot?: string;
  /** What a DEFAULT may be; none when the servers take no default for the type, or not the same. */
  readonly defaults?: fc.Arbitrary<string>;
  /** May stand in a PRIMARY KEY (with a prefix length where the type needs one); never when absent. */
  readonly keyPart?: (name: string) => string;
}

const asText = (name: string): string => `CAST(${name} AS CHAR)`;
const asHex = (name: string): string => `HEX(${name})`;
const asUnicode = (name: string): string => `CONVERT(${name} USING utf8mb4)`;
const same = (answer: string): string => answer;
const fromHex = (answer: string): Buffer => Buffer.from(answer, 'hex');
const quoted = (values: fc.Arbitrary<string>): fc.Arbitrary<string> => values.map((value) => `'${value}'`);
const whole = (name: string): string => name;

const INTEGERS: readonly (readonly [string, number])[] = [
  ['tinyint', 8],
  ['smallint', 16],
  ['mediumint', 24],
  ['int', 32],
  ['bigint', 64],
];

const integer = fc.tuple(fc.constantFrom(...INTEGERS), fc.boolean()).map(([[name, bits], unsigned]): CorpusType => {
  const span = 2n ** BigInt(bits);
  const [min, max] = unsigned ? [0n, span - 1n] : [-span / 2n, span / 2n - 1n];
  const values = fc.oneof(fc.constantFrom(min, max, 0n, 1n), fc.bigInt({ min, max })).map(String);
  return {
    declared: name + (unsigned ? ' unsigned' : ''),
    values,
    defaults: values,
    select: asText,
    read: name === 'bigint' ? BigInt : Number,
    keyPart: whole,
  };
});

const digits = (count: number): fc.Arbitrary<string> =>
  fc.oneof(
    fc.constantFrom('9'.repeat(count), '0'.repeat(count), '1'.padStart(count, '0')),
    fc.array(fc.nat({ max: 9 }), { minLength: 1, maxLength: Math.max(count, 1) }).map((list) => list.join('')),
  );

const decimal = fc
  .tuple(fc.integer({ min: 1, max: 65 }), fc.nat({ max: 30 }), fc.boolean())
  .map(([precision, wanted, unsigned]): CorpusType => {
    const scale = Math.min(precision, wanted);
    return {
      declared: `decimal(${String(precision)},${String(scale)})${unsigned ? ' unsigned' : ''}`,
      values: fc
        .tuple(fc.boolean(), digits(precision - scale), digits(scale))
        .map(([negative, before, behind]) => `${negative && !unsigned ? '-' : ''}0${before}.${behind}0`),
      defaults: fc.constant('0'),
      select: asText,
      read: same,
      keyPart: whole,
    };
  });

const float = fc.constant<CorpusType>({
  declared: 'float',
  defaults: fc.constant('1.1'),
  values: fc.float({ noNaN: true, noDefaultInfinity: true }).map((value) => `CAST(${String(value)} AS DOUBLE)`),
  select: (name) => `CAST(${name} AS DOUBLE)`,
  read: Number,
});
const double = fc.constant<CorpusType>({
  declared: 'double',
  defaults: fc.constant('-0.1'),
  values: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => `CAST('${String(value)}' AS DOUBLE)`),
  select: whole,
  read: Number,
});

const bit = fc.integer({ min: 1, max: 64 }).map((width): CorpusType => ({
  declared: `bit(${String(width)})`,
  values: fc.bigInt({ min: 0n, max: 2n ** BigInt(width) - 1n }).map(String),
  select: (name) => `CAST(${name} + 0 AS CHAR)`,
  read: BigInt,
  keyPart: whole,
}));

const pad = (value: number, width = 2): string => String(value).padStart(width, '0');
const micros = fc.oneof(fc.constantFrom(0, 1, 500_000, 999_999), fc.nat({ max: 999_999 }));
const clock = (hours: number): fc.Arbitrary<string> =>
  fc
    .tuple(fc.nat({ max: hours }), fc.nat({ max: 59 }), fc.nat({ max: 59 }), micros)
    .map(([hour, minute, second, fraction]) => `${pad(hour)}:${pad(minute)}:${pad(second)}.${pad(fraction, 6)}`);
const day = (first: number, last: number): fc.Arbitrary<string> =>
  fc
    .tuple(fc.integer({ min: first, max: last }), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 28 }))
    .map(([year, month, date]) => `${pad(year, 4)}-${pad(month)}-${pad(date)}`);
const moment = (first: number, last: number): fc.Arbitrary<string> =>
  fc.tuple(day(first, last), clock(23)).map((parts) => parts.join(' '));
const ZERO = '0000-00-00 00:00:00';

const temporal = fc.oneof(
  fc.constant<CorpusType>({
    declared: 'year',
    values: fc.integer({ min: 1901, max: 2155 }).map(String),
    select: asText,
    read: Number,
    keyPart: whole,
  }),
  fc.constant<CorpusType>({
    declared: 'date',
    values: quoted(fc.oneof(fc.constantFrom('0000-00-00', '2024-00-00', '9999-12-31', '2024-02-29'), day(1, 9999))),
    select: asText,
    read: same,
    keyPart: whole,
  }),
  fc.nat({ max: 6 }).chain((fraction) => {
    const suffix = fraction === 0 ? '' : `(${String(fraction)})`;
    const type = (declared: string, values: fc.Arbitrary<string>): CorpusType => ({
      declared,
      values: quoted(values),
      defaults: fc.constant("'2001-02-03 04:05:06'"),
      select: asText,
      read: same,
      keyPart: whole,
    });
    const sign = fc.constantFrom('', '-');
    return fc.constantFrom(
      type(
        `time${suffix}`,
        fc.tuple(sign, fc.oneof(clock(838), fc.constantFrom('00:00:00.1', '838:59:59'))).map((parts) => parts.join('')),
      ),
      type(`datetime${suffix}`, fc.oneof(fc.constantFrom(ZERO, '2024-00-00 00:00:00'), moment(1, 9999))),
      type(
        `timestamp${suffix}`,
        fc.oneof(fc.constantFrom(ZERO, '1970-01-01 00:00:01', '2038-01-19 03:14:07'), moment(1971, 2037)),
      ),
    );
  }),
);

/** Letters of many scripts: what a charset lacks, the server itself stores as '?'. */
const LETTERS = Array.from(
  'aZ09 ~\\\'"`%_,;\n\t\f\0äßÿ€‚Šžğİ' + 'ΩλЖйґאไทยԱႠ' + '漢字汉龍丂─①〜～＼テスｱ한글갂' + '😀𠀀\ufeff',
);
const letters = (maxLength: number): fc.Arbitrary<string> =>
  fc
    .array(
      fc.oneof(
        { weight: 4, arbitrary: fc.constantFrom(...LETTERS) },
        { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }) },
      ),
      { maxLength },
    )
    .map((list) => list.join(''));
const hexOf = (text: string): string => Buffer.from(text, 'utf8').toString('hex');

const CHARSETS = (
  'armscii8 ascii big5 cp1250 cp1251 cp1256 cp1257 cp850 cp852 cp866 cp932 dec8 eucjpms euckr gb2312 gbk geostd8 greek ' +
  'hebrew hp8 keybcs2 koi8r koi8u latin1 latin2 latin5 latin7 macce macroman sjis swe7 tis620 ucs2 ujis utf16 utf16le ' +
  'utf32 utf8mb3 utf8mb4'
).split(' ');
/** zongji decodes the others with tables of its own. */
const ZONGJI_CHARSETS: readonly string[] = ['utf8mb4', 'utf8mb3', 'ascii'];

const text = fc
  .tuple(
    fc.oneof(fc.constantFrom(...CHARSETS, 'gb18030'), fc.constantFrom('utf8mb4', 'latin1')),
    fc.constantFrom('char', 'varchar', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext', 'compressed'),
    fc.integer({ min: 1, max: 200 }),
  )
  .map(([charset, form, wanted]): CorpusType => {
    const isCompressed = form === 'compressed' && charset !== 'gb18030';
    const length = form === 'tinytext' ? 60 : form === 'char' ? Math.min(wanted, 60) : wanted;
    const sized = form.endsWith('char')
      ? `${form}(${String(length)})`
      : isCompressed
        ? `varchar(${String(length)}) compressed`
        : form.replace('compressed', 'text');
    const values = letters(Math.min(length, 30)).map(
      (value) => `CONVERT(_utf8mb4 x'${hexOf(value)}' USING ${charset})`,
    );
    const type: CorpusType = { declared: `${sized} character set ${charset}`, values, select: asUnicode, read: same };
    if (isCompressed) {
      const reason = 'gives the compressed bytes';
      return { ...type, only: 'mariadb', toolCannot: reason, zongjiCannot: reason };
    }
    return {
      ...type,
      defaults: fc.constant("'d'"),
      keyPart: (name) => `${name}(1)`,
      ...(charset === 'gb18030' ? { only: 'mysql' } : {}),
      ...(ZONGJI_CHARSETS.includes(charset) ? {} : { zongjiCannot: 'knows other tables of this charset' }),
    };
  });

const bytes = fc
  .tuple(
    fc.constantFrom('binary', 'varbinary', 'tinyblob', 'blob', 'mediumblob', 'longblob'),
    fc.integer({ min: 1, max: 255 }),
  )
  .map(([form, length]): CorpusType => ({
    declared: form.endsWith('binary') ? `${form}(${String(length)})` : form,
    values: fc
      .uint8Array({ maxLength: Math.min(length, 60) })
      .map((value) => `x'${Buffer.from(value).toString('hex')}'`),
    select: asHex,
    read: fromHex,
    keyPart: (name) => `${name}(1)`,
    ...(form === 'binary'
      ? { zongjiCannot: 'leaves trailing zero bytes out', toolCannot: 'leaves trailing zero bytes out' }
      : {}),
  }));

const LABELS = ["it''s", 'b,c', 'a"b', 'ä€', '(x)', '', ' lead', 'back\\\\slash', 'plain'];
const labelled = fc
  .tuple(
    fc.constantFrom('enum', 'set'),
    fc.integer({ min: 1, max: 300 }),
    fc.constantFrom('utf8mb4', 'latin1', 'utf16', 'gbk', 'sjis'),
  )
  .map(([kind, wanted, charset]): CorpusType => {
    const special = kind === 'enum' ? LABELS : LABELS.filter((label) => !label.includes(',') && label !== '');
    const count = kind === 'enum' ? wanted : Math.min(wanted, 64);
    const labels = Array.from(
      { length: count },
      (_, index) => (wanted % 2 === 0 && special[index]) || `l${String(index)}`,
    );
    const one = fc.nat({ max: count - 1 });
    const mask = fc.bigInt({ min: 0n, max: 2n ** BigInt(count) - 1n });
    return {
      declared: `${kind}(${labels.map((label) => `'${label}'`).join(',')}) character set ${charset}`,
      values: kind === 'enum' ? one.map((index) => String(index + 1)) : mask.map(String),
      select: asUnicode,
      read: same,
      keyPart: whole,
      ...(charset === 'utf8mb4' ? {} : { zongjiCannot: 'takes labels for UTF-8' }),
    };
  });

const document = fc
  .jsonValue({ maxDepth: 3, noUnicodeString: false })
  .map((value) =>
    JSON.stringify(value, (_key, inner: unknown) =>
      typeof inner === 'number' ? Math.round(inner) % 1_000_000 : inner,
    ),
  );
const json = fc.constant<CorpusType>({
  declared: 'json',
  values: fc
    .oneof(
      document,
      fc.constantFrom(
        '18446744073709551615',
        '[-9223372036854775808, 32768, -32769, 65536]',
        '{"a": 1.5, "": [true, null]}',
      ),
    )
    .map((value) => `CONVERT(x'${hexOf(value)}' USING utf8mb4)`),
  select: asUnicode,
  read: same,
  zongjiCannot: 'MySQL: prints doubles and big numbers its own way',
});

const SHAPES = [
  'POINT(1 2)',
  'POINT(-1.5 2.25)',
  'LINESTRING(0 0,1 1,2 2)',
  'POLYGON((0 0,0 1,1 1,0 0))',
  'MULTIPOINT(0 0,1 1)',
  'GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1 1))',
];
const geometry = fc.constant<CorpusType>({
  declared: 'geometry',
  values: fc.constantFrom(...SHAPES).map((shape) => `ST_GeomFromText('${shape}')`),
  select: asHex,
  read: fromHex,
  zongjiCannot: 'gives coordinates, not bytes',
  toolCannot: 'mysqlbinlog knows no GEOMETRY and stops',
});
const vector = fc.integer({ min: 1, max: 20 }).map((dimensions): CorpusType => ({
  declared: `vector(${String(dimensions)})`,
  values: fc
    .array(fc.integer({ min: -999, max: 999 }), { minLength: dimensions, maxLength: dimensions })
    .map((list) => `STRING_TO_VECTOR('[${list.map((value) => String(value / 8)).join(',')}]')`),
  select: asHex,
  read: fromHex,
  only: 'mysql',
  zongjiCannot: 'knows no VECTOR',
}));

const hexGroups = (groups: number): fc.Arbitrary<string> =>
  fc
    .array(fc.oneof(fc.constant(0), fc.nat({ max: 0xffff })), { minLength: groups, maxLength: groups })
    .map((list) => list.map((group) => group.toString(16)).join(':'));
const fourBytes = fc.array(fc.nat({ max: 255 }), { minLength: 4, maxLength: 4 });
const internet = fc.constantFrom<CorpusType>(
  ...(
    [
      ['uuid', quoted(fc.uuid())],
      [
        'inet6',
        quoted(
          fc.oneof(
            hexGroups(8),
            fourBytes.map((list) => `::ffff:${list.join('.')}`),
            fourBytes.map((list) => `::${list.join('.')}`),
          ),
        ),
      ],
      ['inet4', quoted(fourBytes.map((list) => list.join('.')))],
    ] as const
  ).map(([declared, values]): CorpusType => ({
    declared,
    values,
    select: asText,
    read: same,
    only: 'mariadb',
    zongjiCannot: 'gives bytes',
    toolCannot: 'prints bytes',
    keyPart: whole,
  })),
);

/** Any type that `kind` has. */
export const corpusType = (kind: DatabaseKind): fc.Arbitrary<CorpusType> =>
  fc
    .oneof(
      { weight: 3, arbitrary: integer },
      { weight: 2, arbitrary: decimal },
      { weight: 1, arbitrary: float },
      { weight: 1, arbitrary: double },
      { weight: 1, arbitrary: bit },
      { weight: 4, arbitrary: temporal },
      { weight: 5, arbitrary: text },
      { weight: 2, arbitrary: bytes },
      { weight: 2, arbitrary: labelled },
      { weight: 2, arbitrary: json },
      { weight: 1, arbitrary: geometry },
      { weight: 1, arbitrary: vector },
      { weight: 1, arbitrary: internet },
    )
    .filter(({ only }) => only === undefined || only === kind);
