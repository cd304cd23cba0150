import type { PipelineDefinition } from '@lutra/model';
import { compileMappings } from '@lutra/model';
import type { Finding } from './finding.ts';
import { atSource, atTarget } from './finding.ts';
import type { ServerFacts, TablePair } from './pre-check-facts.ts';

/** A row of 64 MiB with its key, and the packet's own bytes. */
const PACKET_BYTES_WANTED = 68_157_440;
/** Clocks that a time service keeps differ by less. */
const CLOCKS_APART_MS_MAX = 2_000;
/** Modes that decide what a value may be or how a statement is read. Lutra's own sessions have theirs, whatever is set. */
const MODES = [
  ...[
    'ALLOW_INVALID_DATES',
    'ANSI_QUOTES',
    'NO_AUTO_VALUE_ON_ZERO',
    'NO_BACKSLASH_ESCAPES',
    'NO_ZERO_DATE',
    'NO_ZERO_IN_DATE',
  ],
  ...['PAD_CHAR_TO_FULL_LENGTH', 'PIPES_AS_CONCAT', 'STRICT_ALL_TABLES', 'STRICT_TRANS_TABLES'],
];

/** What may go wrong because the two servers differ, or because of how the target is set. */
export function judgeServers(source: ServerFacts, target: ServerFacts): Finding[] {
  return [
    ...judgePackets(source, target),
    ...judgeZones(source, target),
    ...judgeModes(source, target),
    ...judgeClocks(source, target),
    ...judgeIds(source, target),
    ...judgeReadOnly(target),
  ];
}

const numberOf = ({ variables }: ServerFacts, name: string): number => Number(variables[name] ?? 0);

function judgePackets(source: ServerFacts, target: ServerFacts): Finding[] {
  const [theirs, ours] = [numberOf(source, 'max_allowed_packet'), numberOf(target, 'max_allowed_packet')];
  const wanted = Math.max(theirs, PACKET_BYTES_WANTED);
  if (ours >= wanted) return [];
  const isSmaller = ours < theirs;
  const explanation = isSmaller
    ? `max_allowed_packet is ${String(ours)} at the target and ${String(theirs)} at the source: a row that the source takes may stop the pipeline`
    : `max_allowed_packet is ${String(ours)} at the target: with ${String(wanted)} a row of 64 MiB passes, which is as much as Lutra carries`;
  return [
    {
      ...{ code: 'PACKET_TOO_SMALL', severity: isSmaller ? 'warning' : 'info', explanation },
      subject: { place: 'target', name: 'max_allowed_packet' },
      statements: atTarget(`SET GLOBAL max_allowed_packet = ${String(Math.ceil(wanted / 1024) * 1024)}`),
    },
  ];
}

function judgeZones({ zoneAheadS: theirs, variables }: ServerFacts, { zoneAheadS: ours }: ServerFacts): Finding[] {
  if (theirs === null || theirs === ours) return [];
  const explanation =
    `The servers' time zones differ: ${zoneText(theirs)} at the source, ${ours === null ? 'unknown' : zoneText(ours)} at the target. ` +
    'Lutra carries TIMESTAMP in UTC and DATETIME as it is written, so that no value changes; applications that read the target see TIMESTAMP in another zone';
  const zone = lastingZone(variables);
  const advice =
    zone === null
      ? `. The source takes the zone of its machine (${variables['system_time_zone'] ?? 'unknown'}): give the target its name, such as Europe/Berlin. A number of hours would be wrong when the clocks change`
      : '';
  const statements = zone === null ? [] : atTarget(`SET GLOBAL time_zone = '${zone.replaceAll("'", "''")}'`);
  return [
    {
      code: 'TIME_ZONE_DIFFERS',
      severity: 'info',
      subject: { place: 'target', name: 'time_zone' },
      explanation: explanation + advice,
      statements,
    },
  ];
}

/** What holds all year round: a name, or the offset that somebody has set; null = the machine's zone, whose name the server does not know. */
function lastingZone({ time_zone: set, system_time_zone: machine }: ServerFacts['variables']): string | null {
  if (set !== undefined && set !== 'SYSTEM') return set;
  return machine === 'UTC' || machine === 'GMT' ? '+00:00' : null;
}

/** '+05:30' */
function zoneText(seconds: number): string {
  const minutes = Math.round(Math.abs(seconds) / 60);
  const two = (part: number): string => String(part).padStart(2, '0');
  return `${seconds < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

function judgeModes(source: ServerFacts, target: ServerFacts): Finding[] {
  const modesOf = ({ variables }: ServerFacts): string[] =>
    (variables['sql_mode'] ?? '').split(',').filter((mode) => mode !== '');
  const [theirs, ours] = [modesOf(source), modesOf(target)];
  const differing = MODES.filter((mode) => theirs.includes(mode) !== ours.includes(mode));
  if (differing.length === 0) return [];
  const next = [
    ...ours.filter((mode) => !differing.includes(mode)),
    ...differing.filter((mode) => theirs.includes(mode)),
  ];
  const explanation =
    `sql_mode differs in ${differing.join(', ')}. Lutra's own sessions set theirs, so that rows pass all the same; applications that ` +
    'move to the target find other rules there';
  const statements = atTarget(`SET GLOBAL sql_mode = '${next.join(',')}'`);
  return [
    {
      code: 'SQL_MODE_DIFFERS',
      severity: 'info',
      subject: { place: 'target', name: 'sql_mode' },
      explanation,
      statements,
    },
  ];
}

function judgeClocks(source: ServerFacts, target: ServerFacts): Finding[] {
  const apartMs = target.clockAheadMs - source.clockAheadMs;
  if (Math.abs(apartMs) <= CLOCKS_APART_MS_MAX) return [];
  const explanation =
    `The target's clock is ${(Math.abs(apartMs) / 1000).toFixed(1)} s ${apartMs > 0 ? 'ahead of' : 'behind'} the source's: delays are shown ` +
    'wrong by as much, and the policy latestWins may keep the older row. Let a time service (NTP) set both clocks';
  return [{ code: 'CLOCK_DIFFERS', severity: 'warning', subject: { place: 'target' }, explanation, statements: [] }];
}

function judgeIds({ variables: theirs }: ServerFacts, { variables: ours }: ServerFacts): Finding[] {
  const identityOf = (variables: ServerFacts['variables']): string | undefined =>
    variables['server_uuid'] ?? variables['server_uid'];
  const isOneServer = identityOf(theirs) !== undefined && identityOf(theirs) === identityOf(ours);
  if (isOneServer || theirs['server_id'] !== ours['server_id']) return [];
  const id = Number(ours['server_id']);
  const explanation = `Both servers have server_id ${String(id)}: neither can become a replica of the other, and their GTIDs (MariaDB) cannot be told apart`;
  const statements = atTarget(`SET GLOBAL server_id = ${String(id < 4_294_967_295 ? id + 1 : 1)}`);
  return [
    {
      code: 'SERVER_ID_SAME',
      severity: 'info',
      subject: { place: 'target', name: 'server_id' },
      explanation,
      statements,
    },
  ];
}

function judgeReadOnly({ variables }: ServerFacts): Finding[] {
  const value = variables['read_only'];
  if (value === undefined || value === 'OFF') return [];
  const explanation = `read_only is ${value}: load waits until the target may be written, unless its account has the right to write all the same`;
  const statements = atTarget('SET GLOBAL read_only = OFF');
  return [
    {
      code: 'TARGET_READ_ONLY',
      severity: 'warning',
      subject: { place: 'target', name: 'read_only' },
      explanation,
      statements,
    },
  ];
}

/** Names of tables where one server tells upper from lower case and the other does not. */
export function judgeLetterCase(source: ServerFacts, target: ServerFacts, pairs: readonly TablePair[]): Finding[] {
  const [theirs, ours] = [numberOf(source, 'lower_case_table_names'), numberOf(target, 'lower_case_table_names')];
  if ((theirs === 0) === (ours === 0)) return [];
  const byName = new Map<string, TablePair>();
  const apart = `lower_case_table_names is ${String(theirs)} at the source and ${String(ours)} at the target, which is decided when a server is set up`;
  for (const pair of ours === 0 ? [] : pairs) {
    const { schema, table } = pair.targetName;
    const folded = JSON.stringify([schema.toLowerCase(), table.toLowerCase()]);
    const other = byName.get(folded);
    byName.set(folded, pair);
    // Tables that the mappings bring together by one name: judgeMerging.
    if (other === undefined || (other.targetName.schema === schema && other.targetName.table === table)) continue;
    const explanation = `${apart}: ${other.source.table} and ${pair.source.table} of the source are one table there. Map them to different names`;
    return [
      {
        code: 'LETTER_CASE_DIFFERS',
        severity: 'error',
        subject: { place: 'target', ...pair.targetName },
        explanation,
        statements: [],
      },
    ];
  }
  const explanation = `${apart}: write names in lower case everywhere, so that both take them alike`;
  return [{ code: 'LETTER_CASE_DIFFERS', severity: 'info', subject: { place: 'target' }, explanation, statements: [] }];
}

/** Numbers that both sides of a two-way channel would give out. `opposite`: the pipelines that write back. */
export function judgeAutoIncrement(
  { source, target }: { readonly source: ServerFacts; readonly target: ServerFacts },
  pairs: readonly TablePair[],
  opposite: readonly PipelineDefinition[],
): Finding[] {
  const back = compileMappings(opposite.flatMap(({ mappings }) => mappings));
  const both = pairs.filter(
    ({ target: table }) =>
      table !== null &&
      [...table.columns.values()].some(({ isAutoIncrement }) => isAutoIncrement === true) &&
      back.targetsOf(table.schema, table.table).length > 0,
  );
  const [first] = both;
  const settingOf = (server: ServerFacts, name: string): number => numberOf(server, `auto_increment_${name}`);
  const steps = [settingOf(source, 'increment'), settingOf(target, 'increment')] as const;
  const offsets = [settingOf(source, 'offset'), settingOf(target, 'offset')] as const;
  const areApart = steps[0] === steps[1] && steps[0] > 1 && offsets[0] % steps[0] !== offsets[1] % steps[0];
  if (first === undefined || areApart) return [];
  const explanation =
    `${String(both.length)} tables that are written at both sides number their rows themselves (AUTO_INCREMENT, ${first.targetName.schema}.${first.targetName.table} first): ` +
    `the sides step by ${steps.join(' and ')} from ${offsets.join(' and ')}, so that both will give out the same numbers. Set it in the configuration files too`;
  return [
    {
      ...{ code: 'AUTO_INCREMENT_COLLIDES', severity: 'warning', explanation },
      subject: { place: 'target', ...first.targetName },
      statements: [
        ...atSource('SET GLOBAL auto_increment_increment = 2', 'SET GLOBAL auto_increment_offset = 1'),
        ...atTarget('SET GLOBAL auto_increment_increment = 2', 'SET GLOBAL auto_increment_offset = 2'),
      ],
    },
  ];
}
