import { readColumnType } from '@lutra/model';
import type { ColumnDefinition, ColumnStep } from '@lutra/model';
import type { CompiledStep } from '../compiled-value.ts';
import { compileConversion } from '../convert/compile-conversion.ts';
import { Loss } from '../convert/loss.ts';
import { stepInvalid } from './step-place.ts';
import type { StepPlace } from './step-place.ts';

const BOOLEAN = /^\s*bool(?:ean)?\s*$/i;

type ConvertStep = Extract<ColumnStep, { kind: 'convert' }>;

/** To another type; what it cannot hold goes the way of `onLoss`. */
export function compileConvert(step: ConvertStep, from: ColumnDefinition, place: StepPlace): CompiledStep {
  const type = readColumnType(step.type);
  if (type === null)
    throw stepInvalid(place, `${step.type} is no type that a step converts to, such as bigint or varchar(20)`);
  // In the charset that is asked for the text is kept, unless that is how bytes are read.
  const charset = type.kind === 'text' && from.kind !== 'binary' ? step.charset : undefined;
  const mayBeNull = step.onLoss === 'null' || from.kind === 'json';
  const column: ColumnDefinition = {
    ...type,
    name: from.name,
    nullable: from.nullable || mayBeNull,
    ...(charset === undefined ? {} : { charset }),
  };
  const convert = conversionTo(column, step, { from, place });
  return { column, apply: (value) => (value === undefined || value === null ? value : convert(value)) };
}

/** The same to a column that is known already. */
export function conversionTo(
  to: ColumnDefinition,
  { type, onLoss, format, zone, charset }: Omit<ConvertStep, 'kind'>,
  { from, place }: { readonly from: ColumnDefinition; readonly place: StepPlace },
) {
  return compileConversion({
    from,
    to,
    isBoolean: BOOLEAN.test(type),
    loss: new Loss(onLoss, place, to.declared),
    ...(format === undefined ? {} : { format }),
    ...(zone === undefined ? {} : { zone }),
    ...(charset === undefined ? {} : { charset }),
    refuse: (why) => stepInvalid(place, why),
  });
}
