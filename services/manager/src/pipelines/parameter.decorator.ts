import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsInt, IsString, Max, MaxLength, Min, ValidateBy } from 'class-validator';
import { MayBeAbsent } from '../http/may-be-absent.ts';
import { defaultOf, describeParameter, PARAMETERS } from './parameter-catalogue.ts';
import type { ParameterName, ParameterSpec } from './parameter-catalogue.ts';

const WORDS_MAX = 100;
const KEY_CHARACTERS_MAX = 512;
const INSTANCE_CHARACTERS_MAX = 128;

/** The rules of a field and its place in the API page, as the catalogue has them. */
export function Parameter(name: ParameterName): PropertyDecorator {
  const rules = [MayBeAbsent(), ...rulesOf(name, PARAMETERS[name])];
  return (target, property) => {
    for (const rule of rules) rule(target, property);
  };
}

function rulesOf(name: ParameterName, spec: ParameterSpec): readonly PropertyDecorator[] {
  const page = { default: defaultOf(name), description: describeParameter(name) };
  switch (spec.type) {
    case 'integer': {
      const { minimum, maximum } = spec;
      return [ApiPropertyOptional({ ...page, type: 'integer', minimum, maximum }), IsInt(), Min(minimum), Max(maximum)];
    }
    case 'choice':
      return [ApiPropertyOptional({ ...page, enum: [...spec.values] }), IsIn(spec.values)];
    case 'flag':
      return [ApiPropertyOptional({ ...page, type: 'boolean' }), IsBoolean()];
    case 'instance':
      return [ApiPropertyOptional({ ...page, type: 'string' }), IsString(), MaxLength(INSTANCE_CHARACTERS_MAX)];
    case 'words': {
      const additionalProperties = { type: 'string', enum: [...spec.values] };
      return [ApiPropertyOptional({ ...page, type: 'object', additionalProperties }), Words(name, spec)];
    }
  }
}

/** A map of names to one of a few words. */
function Words(
  name: string,
  { keys, values }: { readonly keys: readonly string[] | null; readonly values: readonly string[] },
): PropertyDecorator {
  const isFit = (map: unknown): boolean =>
    typeof map === 'object' &&
    map !== null &&
    !Array.isArray(map) &&
    Object.entries(map).length <= WORDS_MAX &&
    Object.entries(map).every(
      ([key, value]) => (keys?.includes(key) ?? key.length <= KEY_CHARACTERS_MAX) && values.includes(value as string),
    );
  const of = keys === null ? 'anything' : keys.join(', ');
  const defaultMessage = (): string => `${name} must map ${of} to ${values.join(', ')}`;
  return ValidateBy({ name, validator: { validate: isFit, defaultMessage } });
}
