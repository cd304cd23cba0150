import type { MappingDefinition } from '@lutra/model';
import type { Finding, FindingCode, Severity } from './finding.ts';
import { atSource } from './finding.ts';
import type { ServerFacts } from './pre-check-facts.ts';

const DAY_S = 86_400;
/** A weekend and the Monday after: who comes back on Monday can still mend what broke on Friday. */
const RETENTION_S_WANTED = 3 * DAY_S;
/** Below a day an outage of one night loses log. */
const RETENTION_S_MIN = DAY_S;

interface WantedSetting {
  readonly variable: string;
  readonly wanted: string;
  readonly code: FindingCode;
  readonly severity: Severity;
  readonly consequence: string;
}

const SETTINGS: readonly WantedSetting[] = [
  {
    ...{ variable: 'binlog_format', wanted: 'ROW', code: 'BINLOG_FORMAT', severity: 'error' },
    consequence: 'The log holds statements instead of rows, which select refuses to read',
  },
  {
    ...{ variable: 'binlog_row_image', wanted: 'FULL', code: 'ROW_IMAGE_PARTIAL', severity: 'warning' },
    consequence:
      'Rows come without the columns that did not change: a row that is missing at the target cannot be made',
  },
  {
    ...{ variable: 'binlog_row_metadata', wanted: 'FULL', code: 'ROW_METADATA_MINIMAL', severity: 'warning' },
    consequence:
      'Names of columns are not logged: they are read from the source instead, and a schema change in the log may stop the pipeline',
  },
  {
    ...{ variable: 'binlog_row_value_options', wanted: '', code: 'PARTIAL_JSON', severity: 'info' },
    consequence: 'Updates of JSON come as differences, which need the row of before to be complete',
  },
];

/** The settings of the source's binary log, as far as a pipeline of these mappings depends on them. */
export function judgeSourceLog(
  { kind, variables }: ServerFacts,
  mappings: readonly Pick<MappingDefinition, 'id' | 'rules'>[] = [],
): Finding[] {
  const subject = { place: 'source' } as const;
  if (variables['log_bin'] !== 'ON')
    return [
      {
        ...{ code: 'BINLOG_OFF', severity: 'error', subject, statements: [] },
        explanation: 'The server writes no binary log: start it with log_bin, which no statement can do',
      },
    ];
  const settings = SETTINGS.flatMap(({ variable, wanted, code, severity, consequence }): Finding[] => {
    const value = variables[variable];
    if (value === undefined || value === wanted) return [];
    const statements = atSource(`SET GLOBAL ${variable} = '${wanted}'`);
    const explanation = `${variable} is ${value}. ${consequence}. Set it in the configuration file too; sessions that are open keep the old value`;
    return [{ code, severity, subject: { ...subject, name: variable }, explanation, statements }];
  });
  const gtid = kind === 'mysql' ? judgeMysqlGtid(variables) : judgeMariadbGtid(variables);
  return [
    ...settings.map((finding) => withRules(finding, mappings)),
    ...gtid,
    ...judgeServerId(variables),
    ...judgeRetention(variables),
  ];
}

/** Rules of rows are asked of the image before a change too, of which a log that is not FULL may hold the key alone. */
function withRules(finding: Finding, mappings: readonly Pick<MappingDefinition, 'id' | 'rules'>[]): Finding {
  const asking = mappings.find(
    ({ rules }) =>
      rules?.rows?.filter !== undefined || rules?.rows?.explode !== undefined || rules?.route !== undefined,
  );
  if (finding.code !== 'ROW_IMAGE_PARTIAL' || asking === undefined) return finding;
  const explanation = `${finding.explanation}. Mapping ${asking.id} has rules of rows: a row whose image lacks a column that they need is refused`;
  return { ...finding, severity: 'error', explanation };
}

type Variables = ServerFacts['variables'];

const WITHOUT_GTID =
  'The place of the pipeline is then a file and an offset, which mean nothing on another server: after a failover of the source it cannot go on';
/** The server takes one step at a time. */
const GTID_MODES = ['OFF', 'OFF_PERMISSIVE', 'ON_PERMISSIVE', 'ON'];

function judgeMysqlGtid(variables: Variables): Finding[] {
  const mode = variables['gtid_mode'] ?? 'OFF';
  if (mode === 'ON') return [];
  const steps = GTID_MODES.slice(Math.max(0, GTID_MODES.indexOf(mode)) + 1).map(
    (step) => `SET GLOBAL gtid_mode = ${step}`,
  );
  const statements = atSource('SET GLOBAL enforce_gtid_consistency = ON', ...steps);
  const explanation = `gtid_mode is ${mode}. ${WITHOUT_GTID}`;
  return [
    { code: 'GTID_OFF', severity: 'warning', subject: { place: 'source', name: 'gtid_mode' }, explanation, statements },
  ];
}

function judgeMariadbGtid(variables: Variables): Finding[] {
  if (variables['gtid_strict_mode'] === 'ON') return [];
  const explanation =
    'gtid_strict_mode is OFF: servers of a group may number different transactions alike, and after a failover of the source ' +
    'the place of the pipeline may then mean another one';
  const statements = atSource('SET GLOBAL gtid_strict_mode = ON');
  const subject = { place: 'source', name: 'gtid_strict_mode' } as const;
  return [{ code: 'GTID_NOT_STRICT', severity: 'warning', subject, explanation, statements }];
}

function judgeServerId(variables: Variables): Finding[] {
  if (variables['server_id'] !== '0') return [];
  const explanation = 'server_id is 0: the server sends its log to nobody';
  const statements = atSource('SET GLOBAL server_id = 1');
  return [
    {
      code: 'SERVER_ID_ZERO',
      severity: 'error',
      subject: { place: 'source', name: 'server_id' },
      explanation,
      statements,
    },
  ];
}

function judgeRetention(variables: Variables): Finding[] {
  if (variables['binlog_expire_logs_auto_purge'] === 'OFF') return [];
  const seconds = Number(variables['binlog_expire_logs_seconds'] ?? 0);
  // Both are there in MySQL 8.0 and MariaDB 10.6: then the seconds count unless they are 0.
  const kept = seconds > 0 ? seconds : Number(variables['expire_logs_days'] ?? 0) * DAY_S;
  if (kept === 0 || kept >= RETENTION_S_MIN) return [];
  const explanation = `The server keeps its log for ${(kept / 3600).toFixed(1)} h: a pipeline that stands still for longer cannot go on, and its tables have to be copied anew`;
  const variable =
    variables['binlog_expire_logs_seconds'] === undefined
      ? 'expire_logs_days = 3'
      : `binlog_expire_logs_seconds = ${String(RETENTION_S_WANTED)}`;
  const statements = atSource(`SET GLOBAL ${variable}`);
  return [{ code: 'LOG_RETENTION_SHORT', severity: 'warning', subject: { place: 'source' }, explanation, statements }];
}
