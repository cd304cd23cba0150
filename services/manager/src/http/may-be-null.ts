import { ValidateIf } from 'class-validator';

/** The field may be left out, and null empties it. Everything else meets the field's own rules. */
export const MayBeNull = (): PropertyDecorator => ValidateIf((_object, value) => value !== undefined && value !== null);
