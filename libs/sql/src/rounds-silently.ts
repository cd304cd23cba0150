import type { ColumnDefinition } from '@lutra/model';
import type { TargetColumn } from './target-table.ts';

const INTEGER_TYPES = new Set(['tinyint', 'smallint', 'mediumint', 'int', 'bigint']);
const FLOATING_TYPES = new Set(['float', 'double']);
const CLOCK_TYPES = new Set(['time', 'datetime', 'timestamp']);
/** Bytes of the largest integers that a floating point number holds exactly. */
const EXACT_BYTES: Readonly<Record<string, number>> = { float: 3, double: 4 };

/**
 * Whether the target would change some values of the source's column without an error, even in strict mode: it rounds
 * digits behind the point and fractions of a second, drops the time of a DATE, and cuts what a floating point number does
 * not hold. What is out of range or too long it refuses by itself.
 */
export function roundsSilently(source: ColumnDefinition, target: TargetColumn): boolean {
  const { dataType } = target;
  switch (source.kind) {
    case 'integer':
      return (source.bytes ?? 0) > (EXACT_BYTES[dataType] ?? Number.POSITIVE_INFINITY);
    case 'decimal': {
      const scale = source.scale ?? 0;
      if (FLOATING_TYPES.has(dataType)) return true;
      return scale > (INTEGER_TYPES.has(dataType) ? 0 : (declaredScale(target) ?? scale));
    }
    case 'float':
    case 'double':
      return (
        INTEGER_TYPES.has(dataType) || dataType === 'decimal' || (source.kind === 'double' && dataType === 'float')
      );
    case 'datetime':
    case 'timestamp':
      if (dataType === 'date' || dataType === 'time' || dataType === 'year') return true;
      return CLOCK_TYPES.has(dataType) && (source.length ?? 0) > declaredFraction(target);
    case 'time':
      return CLOCK_TYPES.has(dataType) && (source.length ?? 0) > declaredFraction(target);
    default:
      return false;
  }
}

/** 2 of 'decimal(10,2) unsigned'; undefined when the type does not say. */
function declaredScale({ dataType, columnType }: TargetColumn): number | undefined {
  const scale = /\(\d+,(\d+)\)/.exec(columnType)?.[1];
  return dataType !== 'decimal' || scale === undefined ? undefined : Number(scale);
}

/** 3 of 'datetime(3)', 0 of 'datetime'. */
const declaredFraction = ({ columnType }: TargetColumn): number => Number(/\((\d)\)/.exec(columnType)?.[1] ?? 0);
