import { ValidateIf } from 'class-validator';

/** The field may be left out. Unlike IsOptional, null is not taken for absent: it meets the field's own rules. */
export const MayBeAbsent = (): PropertyDecorator => ValidateIf((_object, value) => value !== undefined);
