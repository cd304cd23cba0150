/** Column type codes of the binary log, MySQL's and MariaDB's. */
export const COLUMN_TYPE = {
  DECIMAL: 0,
  TINY: 1,
  SHORT: 2,
  LONG: 3,
  FLOAT: 4,
  DOUBLE: 5,
  NULL: 6,
  TIMESTAMP: 7,
  LONGLONG: 8,
  INT24: 9,
  DATE: 10,
  TIME: 11,
  DATETIME: 12,
  YEAR: 13,
  NEWDATE: 14,
  VARCHAR: 15,
  BIT: 16,
  TIMESTAMP2: 17,
  DATETIME2: 18,
  TIME2: 19,
  /** MariaDB: `COMPRESSED` columns. */
  BLOB_COMPRESSED: 140,
  VARCHAR_COMPRESSED: 141,
  /** MySQL 9. */
  VECTOR: 242,
  JSON: 245,
  NEWDECIMAL: 246,
  ENUM: 247,
  SET: 248,
  TINY_BLOB: 249,
  MEDIUM_BLOB: 250,
  LONG_BLOB: 251,
  BLOB: 252,
  VAR_STRING: 253,
  STRING: 254,
  GEOMETRY: 255,
} as const;

const NUMERIC = new Set<number>([
  COLUMN_TYPE.TINY,
  COLUMN_TYPE.SHORT,
  COLUMN_TYPE.INT24,
  COLUMN_TYPE.LONG,
  COLUMN_TYPE.LONGLONG,
  COLUMN_TYPE.NEWDECIMAL,
  COLUMN_TYPE.FLOAT,
  COLUMN_TYPE.DOUBLE,
  COLUMN_TYPE.YEAR,
]);

const CHARACTER = new Set<number>([
  COLUMN_TYPE.STRING,
  COLUMN_TYPE.VAR_STRING,
  COLUMN_TYPE.VARCHAR,
  COLUMN_TYPE.VARCHAR_COMPRESSED,
  COLUMN_TYPE.TINY_BLOB,
  COLUMN_TYPE.BLOB,
  COLUMN_TYPE.MEDIUM_BLOB,
  COLUMN_TYPE.LONG_BLOB,
  COLUMN_TYPE.BLOB_COMPRESSED,
]);

/** Columns that have a bit in the signedness field of a table map. */
export const hasSignedness = (type: number): boolean => NUMERIC.has(type);

/** Columns that have a place in the character set field of a table map: text and bytes alike. */
export const hasCharset = (type: number): boolean => CHARACTER.has(type);
