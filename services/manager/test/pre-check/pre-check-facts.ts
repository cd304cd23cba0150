import { completeParameters } from '@lutra/model';
import type { PipelineDefinition } from '@lutra/model';
import type { TargetColumn, TargetTable } from '@lutra/sql';
import type { BusFacts, PreCheckFacts, ServerFacts } from '../../src/pre-check/pre-check-facts.ts';

/** A server as nobody has reason to complain of. */
export function serverFacts(change: Partial<ServerFacts> = {}): ServerFacts {
  return {
    ...{ address: 'db:3306', kind: 'mysql', account: "'lutra'@'%'", clockAheadMs: 0, zoneAheadS: 0 },
    grants: ["GRANT ALL PRIVILEGES ON *.* TO 'lutra'@'%'"],
    collations: new Set(['utf8mb4_bin', 'utf8mb4_general_ci', 'utf8mb4_0900_ai_ci', 'utf8mb4_0900_bin', 'latin1_bin']),
    schemas: new Set(['shop']),
    ...change,
    variables: {
      ...{ log_bin: 'ON', binlog_format: 'ROW', binlog_row_image: 'FULL', binlog_row_metadata: 'FULL' },
      ...{ binlog_row_value_options: '', gtid_mode: 'ON', gtid_strict_mode: 'ON', server_id: '7', read_only: 'OFF' },
      ...{ binlog_expire_logs_seconds: '2592000', max_allowed_packet: '268435456', lower_case_table_names: '0' },
      ...{ sql_mode: 'STRICT_TRANS_TABLES', auto_increment_increment: '1', auto_increment_offset: '1' },
      ...change.variables,
    },
  };
}

export function column(name: string, columnType: string, change: Partial<TargetColumn> = {}): TargetColumn {
  const dataType = /^\w+/.exec(columnType)?.[0] ?? '';
  const isText = /char|text|enum|set/.test(dataType);
  return {
    ...{ name, dataType, columnType, nullable: true, generated: false, needsValue: false },
    ...{ charset: isText ? 'utf8mb4' : null, collation: isText ? 'utf8mb4_bin' : null },
    paddedBytes: dataType === 'binary' ? Number(/\d+/.exec(columnType)?.[0] ?? 1) : null,
    ...change,
  };
}

export function table(name: string, columns: readonly TargetColumn[], change: Partial<TargetTable> = {}): TargetTable {
  const [first] = columns;
  const key = { name: 'PRIMARY', columns: [first?.name.toLowerCase() ?? ''], isExact: true, isNotNull: true };
  return {
    ...{ schema: 'shop', table: name, key, uniqueKeys: [key], triggers: [], engine: 'InnoDB', rowEstimate: 0 },
    columns: new Map(columns.map((one) => [one.name.toLowerCase(), one])),
    indexed: new Set(key.columns),
    statement: `CREATE TABLE \`${name}\` (\n${columns.map((one) => `  \`${one.name}\` ${one.columnType} DEFAULT NULL`).join(',\n')}\n)`,
    ...change,
  };
}

const dataSource = (id: string): PipelineDefinition['source'] => ({
  ...{
    id,
    name: id,
    kind: 'mysql',
    host: `${id}.example.com`,
    port: 3306,
    user: 'lutra',
    password: 'sealed',
    tls: 'disabled',
  },
});

export function definition(change: Partial<PipelineDefinition> = {}): PipelineDefinition {
  return {
    ...{ id: 'P', name: 'orders', channelId: 'C', revision: 1, start: { kind: 'latest' } },
    ...{ source: dataSource('source'), target: dataSource('target'), parameters: completeParameters({}) },
    mappings: [
      {
        id: 'M',
        source: { schema: 'shop', table: { regex: '.*' } },
        target: { schema: 'shop' },
        columns: { mode: 'all' },
      },
    ],
    ...change,
  };
}

export const mappingOf = (change: Partial<PipelineDefinition> = {}) => {
  const [mapping] = definition(change).mappings;
  if (mapping === undefined) throw new Error('a definition has a mapping');
  return mapping;
};

export const emptyBus: BusFacts = { storage: [], windowBytes: 0, queuedBytes: 0 };

export function facts(change: Partial<PreCheckFacts> = {}): PreCheckFacts {
  return {
    ...{ definition: definition(), opposite: [], bus: { value: emptyBus } },
    ...{ source: { value: serverFacts() }, target: { value: serverFacts({ variables: { server_id: '8' } }) } },
    start: null,
    tables: { value: { pairs: [], idle: [], leftOut: 0 } },
    ...{ lookups: new Map(), tried: null },
    ...change,
  };
}
