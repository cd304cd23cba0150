import type { DatabaseProgram } from '@lutra/testing';

/** A column type, a value of it as SQL, and the expression over `v` by which SELECT shows what the log holds. */
export interface ReleaseType {
  readonly declared: string;
  readonly value: string;
  readonly shown: string;
}

const text = (declared: string, value: string): ReleaseType => ({ declared, value, shown: 'CAST(v AS CHAR)' });
const letters = (declared: string, value: string): ReleaseType => ({
  declared,
  value,
  shown: 'CONVERT(v USING utf8mb4)',
});
const bytes = (declared: string, value: string): ReleaseType => ({ declared, value, shown: 'HEX(v)' });

/** The second is an integer: the tests change it. */
const COMMON: readonly ReleaseType[] = [
  text('TINYINT UNSIGNED', '255'),
  text('INT', '-2147483648'),
  text('MEDIUMINT', '-8388608'),
  text('BIGINT UNSIGNED', '18446744073709551615'),
  text('DECIMAL(65,30)', `-${'9'.repeat(35)}.${'1'.repeat(30)}`),
  text('DOUBLE', '-0.1'),
  text('FLOAT', '1.5'),
  { declared: 'BIT(64)', value: '9223372036854775809', shown: 'CAST(v + 0 AS CHAR)' },
  text('YEAR', '2155'),
  text('DATE', "'1000-01-01'"),
  text('TIME(6)', "'-838:59:58.000001'"),
  text('TIME', "'12:34:56'"),
  text('DATETIME(3)', "'9999-12-31 23:59:59.999'"),
  text('TIMESTAMP(6) NULL', "'2038-01-19 03:14:07.123456'"),
  text('TIMESTAMP NULL', "'1970-01-02 00:00:01'"),
  letters('CHAR(64) CHARACTER SET utf8mb4', "'ä€😀'"),
  letters('VARCHAR(300) CHARACTER SET latin1', "'€ÿ'"),
  letters('VARCHAR(20) CHARACTER SET utf16', "'漢😀'"),
  letters('MEDIUMTEXT CHARACTER SET sjis', "'漢字'"),
  letters("ENUM('a','b,c','it''s')", "'it''s'"),
  letters("SET('a','b','c d')", "'a,c d'"),
  bytes('BINARY(4)', "x'01020300'"),
  bytes('VARBINARY(300)', "x'00ff'"),
  bytes('BLOB', "REPEAT(x'00fe', 3000)"),
];

const COMPRESSED: readonly ReleaseType[] = [
  letters('VARCHAR(900) COMPRESSED', "REPEAT('ab', 200)"),
  bytes('BLOB COMPRESSED', "REPEAT(x'00fe', 3000)"),
];
const INET6 = text('INET6', "'2001:db8::ff00:42:8329'");
const SINCE_10_10 = [text('UUID', "'6ccd780c-baba-1026-9564-0040f4311e29'"), text('INET4', "'192.0.2.1'")];
const GEOMETRY = bytes('GEOMETRY', "ST_GeomFromText('LINESTRING(0 0,1.5 -1)')");

const OF_RELEASE: Readonly<Record<DatabaseProgram, readonly ReleaseType[]>> = {
  'mysql-5.6': [GEOMETRY],
  mysql: [GEOMETRY, text('JSON', `'{"a": [1, null, "ä"]}'`), bytes('VECTOR(2)', "STRING_TO_VECTOR('[1,-2.5]')")],
  mariadb: [GEOMETRY, ...COMPRESSED, INET6, ...SINCE_10_10],
  'mariadb-10.5': [GEOMETRY, ...COMPRESSED, INET6],
  'mariadb-10.11': [GEOMETRY, ...COMPRESSED, INET6, ...SINCE_10_10],
  'mariadb-11.8': [GEOMETRY, ...COMPRESSED, INET6, ...SINCE_10_10, bytes('VECTOR(2)', "VEC_FromText('[1,-2.5]')")],
};

/** What every release has, and what came with this one. */
export const typesOf = (program: DatabaseProgram): readonly ReleaseType[] => [...COMMON, ...OF_RELEASE[program]];
