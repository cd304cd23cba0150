import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsEmail,
  IsIn,
  IsInt,
  IsObject,
  IsString,
  isURL,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateBy,
  ValidateNested,
} from 'class-validator';
import { readSecretReference } from '@lutra/model';
import type { ErrorCode } from '@lutra/model';
import { IsName } from '../http/is-name.decorator.ts';
import { MayBeAbsent } from '../http/may-be-absent.ts';
import { ResourceDto } from '../http/resource.dto.ts';
import { MAIL_TLS_MODES, RECEIVER_KINDS } from './receiver.entity.ts';
import type { EmailSettings, ReceiverKind } from './receiver.entity.ts';
import { PLACEHOLDERS } from './render-template.ts';

const HOST = /^[\w.:-]{1,255}$/;
const HOST_PROBLEM = { message: 'host must be a host name or an address, without port' };
const CA_CHARS_MAX = 60_000;
const RECIPIENTS_MAX = 50;
const URL_OPTIONS = {
  protocols: ['http', 'https'],
  require_protocol: true,
  require_tld: false,
  allow_underscores: true,
};
/** An address to post to, or where the process that posts finds it. */
const IsAddress = (): PropertyDecorator =>
  ValidateBy({
    name: 'isUrl',
    constraints: [URL_OPTIONS],
    validator: {
      validate: (value) =>
        typeof value === 'string' && (readSecretReference(value) !== null || isURL(value, URL_OPTIONS)),
      defaultMessage: () => 'url must be an http or https address, env:NAME or file:/path',
    },
  });
const WRITE_ONLY = { writeOnly: true, description: 'Kept encrypted; never shown again' };

export class EmailPatchDto {
  @ApiPropertyOptional({ example: 'mail.example.com' })
  @MayBeAbsent()
  @Matches(HOST, HOST_PROBLEM)
  host?: string;

  @ApiPropertyOptional({ example: 587, minimum: 1, maximum: 65_535 })
  @MayBeAbsent()
  @IsInt()
  @Min(1)
  @Max(65_535)
  port?: number;

  @ApiPropertyOptional({
    enum: MAIL_TLS_MODES,
    default: 'startTls',
    description: "'startTls' insists on it; 'implicit' = TLS from the first byte",
  })
  @MayBeAbsent()
  @IsIn(MAIL_TLS_MODES)
  tls?: EmailSettings['tls'];

  @ApiPropertyOptional({ description: 'Certificates of the authority, PEM' })
  @MayBeAbsent()
  @IsString()
  @Length(1, CA_CHARS_MAX)
  tlsCa?: string;

  @ApiPropertyOptional({ maxLength: 128, description: "'' = without login", default: '' })
  @MayBeAbsent()
  @IsString()
  @MaxLength(128)
  user?: string;

  @ApiPropertyOptional(WRITE_ONLY)
  @MayBeAbsent()
  @IsString()
  @MaxLength(1000)
  password?: string;

  @ApiPropertyOptional({ example: 'lutra@example.com' })
  @MayBeAbsent()
  @IsEmail({ allow_display_name: false, require_tld: false })
  sender?: string;

  @ApiPropertyOptional({ type: [String], example: ['oncall@example.com'], maxItems: RECIPIENTS_MAX })
  @MayBeAbsent()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(RECIPIENTS_MAX)
  @ArrayUnique()
  @IsEmail({ allow_display_name: false, require_tld: false }, { each: true })
  recipients?: string[];
}

export class HttpPatchDto {
  @ApiPropertyOptional({
    writeOnly: true,
    example: 'https://hooks.example.com/lutra',
    description: 'Or env:NAME, file:/path: looked up at each use. Kept encrypted; never shown whole',
  })
  @MayBeAbsent()
  @IsAddress()
  @MaxLength(2000)
  url?: string;

  @ApiPropertyOptional({
    writeOnly: true,
    maxLength: 1000,
    description:
      "webhook: key of the header Lutra-Signature (`t=<unix s>,v1=<HMAC-SHA256 of 't.body', hex>`); dingTalk: the robot's signing secret; '' = none",
  })
  @MayBeAbsent()
  @IsString()
  @MaxLength(1000)
  secret?: string;

  @ApiPropertyOptional({
    type: Object,
    writeOnly: true,
    example: { authorization: 'Bearer …' },
    description: 'More headers, at most 20. Values are kept encrypted; only the names are shown. Replaces those before',
  })
  @MayBeAbsent()
  @IsObject()
  headers?: Record<string, string>;

  @ApiPropertyOptional({
    type: Object,
    example: { text: '{{alarm.rule}}: {{alarm.message}}', value: '{{alarm.value}}' },
    description: `webhook only: the body, with placeholders in its texts (${PLACEHOLDERS.join(', ')}); a text that is nothing but a placeholder becomes the value itself. {} = the default body`,
  })
  @MayBeAbsent()
  @IsObject()
  template?: Record<string, unknown>;

  @ApiPropertyOptional({ description: 'Certificates of the authority, PEM' })
  @MayBeAbsent()
  @IsString()
  @Length(1, CA_CHARS_MAX)
  tlsCa?: string;
}

const NAME = { example: 'on call', minLength: 1, maxLength: 100 };
const EMAIL = { type: EmailPatchDto, description: 'Kind email: host, port, sender and recipients are needed' };
const HTTP = { type: HttpPatchDto, description: 'All other kinds: url is needed' };

class ReceiverFields {
  @ApiPropertyOptional({
    description: 'A receiver that is not enabled is sent nothing; what waits for it is kept for a day, then dropped',
  })
  @MayBeAbsent()
  @IsBoolean()
  enabled?: boolean;

  @ApiPropertyOptional(EMAIL)
  @MayBeAbsent()
  @IsObject()
  @ValidateNested()
  @Type(() => EmailPatchDto)
  email?: EmailPatchDto;

  @ApiPropertyOptional(HTTP)
  @MayBeAbsent()
  @IsObject()
  @ValidateNested()
  @Type(() => HttpPatchDto)
  http?: HttpPatchDto;
}

export class ReceiverPatchDto extends ReceiverFields {
  @ApiPropertyOptional(NAME)
  @MayBeAbsent()
  @IsName()
  name?: string;
}

export class ReceiverCreateDto extends ReceiverFields {
  @ApiProperty(NAME)
  @IsName()
  name!: string;

  @ApiProperty({ enum: RECEIVER_KINDS })
  @IsIn(RECEIVER_KINDS)
  kind!: ReceiverKind;
}

export class EmailDto {
  @ApiProperty()
  host!: string;

  @ApiProperty()
  port!: number;

  @ApiProperty({ enum: MAIL_TLS_MODES })
  tls!: EmailSettings['tls'];

  @ApiProperty({ type: String, nullable: true })
  tlsCa!: string | null;

  @ApiProperty()
  user!: string;

  @ApiProperty()
  sender!: string;

  @ApiProperty({ type: [String] })
  recipients!: readonly string[];
}

export class HttpDto {
  @ApiProperty({
    example: 'https://hooks.example.com',
    description: 'The rest of the address may be a secret. The reference itself when it was given as one',
  })
  origin!: string;

  @ApiProperty()
  hasSecret!: boolean;

  @ApiProperty({ type: [String] })
  headerNames!: readonly string[];

  @ApiProperty({ type: Object, nullable: true })
  template!: Readonly<Record<string, unknown>> | null;

  @ApiProperty({ type: String, nullable: true })
  tlsCa!: string | null;
}

export class SendFailureDto {
  @ApiProperty({ type: String, example: 'RECEIVER_UNREACHABLE' })
  code!: ErrorCode;

  @ApiProperty()
  detail!: string;
}

export class ReceiverFailureDto extends SendFailureDto {
  @ApiProperty({ format: 'date-time' })
  at!: string;
}

export class ReceiverDto extends ResourceDto {
  @ApiProperty()
  name!: string;

  @ApiProperty({ enum: RECEIVER_KINDS })
  kind!: ReceiverKind;

  @ApiProperty()
  enabled!: boolean;

  @ApiProperty({ type: EmailDto, nullable: true })
  email!: EmailDto | null;

  @ApiProperty({ type: HttpDto, nullable: true })
  http!: HttpDto | null;

  @ApiProperty({ enum: ['unused', 'ok', 'failing'], description: "'failing' = the last try did not succeed" })
  state!: 'unused' | 'ok' | 'failing';

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  lastSentAt!: string | null;

  @ApiProperty({ type: ReceiverFailureDto, nullable: true })
  lastFailure!: ReceiverFailureDto | null;

  @ApiProperty({ description: 'Tries that failed since the last success' })
  failuresInRow!: number;

  @ApiProperty({ description: 'Notifications that it still has to be told' })
  waiting!: number;

  @ApiProperty({
    description: 'Notifications that it was never told and will not be, of the alarms that the history still has',
  })
  dropped!: number;
}

export class ReceiverListDto {
  @ApiProperty({ type: [ReceiverDto] })
  items!: ReceiverDto[];

  @ApiProperty()
  total!: number;
}

export class TestSendDto {
  @ApiProperty()
  isSent!: boolean;

  @ApiProperty({ type: SendFailureDto, nullable: true, description: 'Why not' })
  failure!: SendFailureDto | null;
}
