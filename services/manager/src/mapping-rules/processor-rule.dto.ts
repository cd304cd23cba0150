import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsObject, IsString, Length, ValidateBy } from 'class-validator';
import { MayBeAbsent } from '../http/may-be-absent.ts';

/** Longest name of a package in a registry. */
const PACKAGE_CHARS_MAX = 214;
/** What a rule says fits into a request many times. */
const SETTINGS_CHARS_MAX = 16_384;

const IsSmall = (): PropertyDecorator =>
  ValidateBy({
    name: 'isSmall',
    validator: {
      validate: (value: unknown) => (JSON.stringify(value) ?? '').length <= SETTINGS_CHARS_MAX,
      defaultMessage: () => `$property must be an object of at most ${String(SETTINGS_CHARS_MAX)} characters of JSON`,
    },
  });

export class ProcessorRuleDto {
  @ApiProperty({
    description: 'Name of a package, or of an entry of one, that the installation allows (LUTRA_PROCESSORS)',
    example: '@acme/lutra-phone-number',
  })
  @IsString()
  @Length(1, PACKAGE_CHARS_MAX)
  name!: string;

  @ApiPropertyOptional({
    ...{ type: 'object', additionalProperties: true },
    description: 'As the package asks for them; no place for secrets. Default: {}',
    example: { column: 'phone', countryCode: '43' },
  })
  @MayBeAbsent()
  @IsObject()
  @IsSmall()
  settings?: Record<string, unknown>;
}
