/** What information_schema says of a column, as far as comparing needs it. */
export interface ComparedColumn {
  readonly name: string;
  readonly dataType: string;
  /** Position in the primary key from 1, 0 = not in it. */
  readonly keyPosition: number;
}

/** Longer values are compared by length and SHA-256, so that a 64 MiB value does not travel. */
const LONG_VALUE_BYTES = 8_192;

/** SQL that turns a column into text, or into a double, from which every bit of its value could be told. NULL stays NULL. */
export function exactText(column: ComparedColumn): string {
  const name = quoteName(column.name);
  switch (column.dataType) {
    case 'float':
    case 'double':
      // As a double a float shows all that it stands for. Not as text: servers print some doubles of equal bits differently.
      return `${name} + 0e0`;
    case 'bit':
      return `CAST(${name} + 0 AS CHAR)`;
    case 'json':
      return `CONVERT(CAST(${name} AS CHAR) USING utf8mb4)`;
    case 'char':
    case 'varchar':
    case 'tinytext':
    case 'text':
    case 'mediumtext':
    case 'longtext':
    case 'enum':
    case 'set':
      return hexOrHash(`CONVERT(${name} USING utf8mb4)`);
    case 'binary':
    case 'varbinary':
    case 'tinyblob':
    case 'blob':
    case 'mediumblob':
    case 'longblob':
    case 'vector':
      return hexOrHash(name);
    case 'geometry':
    case 'point':
    case 'linestring':
    case 'polygon':
    case 'multipoint':
    case 'multilinestring':
    case 'multipolygon':
    case 'geometrycollection':
    case 'geomcollection':
      return hexOrHash(`CAST(${name} AS BINARY)`);
    default:
      return `CAST(${name} AS CHAR)`;
  }
}

/** What rows are ordered by: text by its bytes, since collations of two servers may differ. */
export function orderExpression(column: ComparedColumn): string {
  const isNumber =
    /^(tinyint|smallint|mediumint|int|bigint|decimal|float|double|bit|year|date|datetime|timestamp)$/.test(
      column.dataType,
    );
  return isNumber ? quoteName(column.name) : exactText(column);
}

export const quoteName = (name: string): string => `\`${name.replaceAll('`', '``')}\``;

const hexOrHash = (value: string): string =>
  `IF(LENGTH(${value}) > ${String(LONG_VALUE_BYTES)}, CONCAT(LENGTH(${value}), ':', SHA2(${value}, 256)), HEX(${value}))`;
