import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsInt, IsString, Length, Matches, Max, Min } from 'class-validator';
import { parseDone } from '@lutra/model';
import type { DatabaseKind, StartDefinition } from '@lutra/model';
import { MayBeAbsent } from '../http/may-be-absent.ts';
import { fieldRefusal } from '../http/refuse-field.ts';

const KINDS: readonly StartDefinition['kind'][] = ['latest', 'time', 'gtid', 'file'];
/** ISO 8601 in UTC with a Z; other offsets would be read differently by the clocks that they name. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$/;
const TIME_PROBLEM = { message: 'time must be ISO 8601 in UTC, like 2026-11-21T10:00:00Z' };
/** GTID sets of old installations name many servers. */
const GTID_CHARS_MAX = 60_000;

/** Where a pipeline without a checkpoint begins. */
export class StartDto {
  @ApiProperty({ enum: KINDS })
  @IsIn(KINDS)
  kind!: StartDefinition['kind'];

  @ApiPropertyOptional({
    description:
      "Only with kind 'time': the first transaction that committed then or later, by the source's clock, is the first one read",
    format: 'date-time',
    example: '2026-11-21T10:00:00Z',
  })
  @MayBeAbsent()
  @Matches(TIME, TIME_PROBLEM)
  time?: string;

  @ApiPropertyOptional({
    description: "Only with kind 'gtid': everything in this set is done",
    maxLength: GTID_CHARS_MAX,
  })
  @MayBeAbsent()
  @IsString()
  @Length(0, GTID_CHARS_MAX)
  gtid?: string;

  @ApiPropertyOptional({ description: "Only with kind 'file'", example: 'bin.000042' })
  @MayBeAbsent()
  @IsString()
  @Length(1, 255)
  file?: string;

  @ApiPropertyOptional({ description: "Only with kind 'file'; 4 is the beginning of a file" })
  @MayBeAbsent()
  @IsInt()
  @Min(4)
  @Max(Number.MAX_SAFE_INTEGER)
  offset?: number;
}

/** The start with exactly the fields of its kind, its GTIDs checked. Throws REQUEST_INVALID. */
export function startOf({ kind, time, gtid, file, offset }: StartDto, source: DatabaseKind): StartDefinition {
  const refuse = (problem: string, cause?: unknown): never => {
    throw fieldRefusal('start', problem, { cause });
  };
  if (kind !== 'time' && time !== undefined) refuse(`start.time does not belong to kind ${kind}`);
  const isGiven = { gtid: gtid !== undefined, place: file !== undefined || offset !== undefined };
  if (kind !== 'gtid' && isGiven.gtid) refuse(`start.gtid does not belong to kind ${kind}`);
  if (kind !== 'file' && isGiven.place) refuse(`start.file and start.offset do not belong to kind ${kind}`);
  if (kind === 'latest') return { kind };
  if (kind === 'file') {
    if (file === undefined || offset === undefined) return refuse('start of kind file needs file and offset');
    return { kind, file, offset };
  }
  if (kind === 'time') {
    if (time === undefined) return refuse('start of kind time needs time');
    // The 31st of February has the right form too.
    if (Number.isNaN(Date.parse(time))) return refuse(`start.time ${time} does not exist`);
    return { kind, time };
  }
  if (gtid === undefined) return refuse('start of kind gtid needs gtid');
  try {
    parseDone(source === 'mysql' ? { kind: 'mysqlGtid', gtidSet: gtid } : { kind: 'mariadbGtid', gtidList: gtid });
  } catch (cause) {
    return refuse(`start.gtid is not a GTID set of ${source}`, cause);
  }
  return { kind, gtid };
}
