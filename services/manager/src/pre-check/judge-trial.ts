import { tablesOf } from '../preview/map-rows.ts';
import type { ToldError } from '../preview/map-rows.ts';
import type { NewestTrial } from '../preview/preview.service.ts';
import type { Finding } from './finding.ts';
import type { Looked } from './pre-check-facts.ts';

/** Rows of a table that a mapping cannot map for one reason. */
interface Refused {
  readonly mappingId: string;
  readonly schema: string;
  readonly table: string;
  readonly first: ToldError;
  count: number;
}

/** What the newest rows of the source would meet. Tables that do not fit their mapping are told elsewhere. */
export function judgeTrial(tried: Looked<NewestTrial> | null): readonly Finding[] {
  if (tried === null) return [];
  if ('failure' in tried) {
    const { sentence } = tried.failure;
    return [notTried(`The newest rows in the source's log could not be tried (${sentence})`)];
  }
  const { rows, trial, isComplete } = tried.value;
  const findings = refusedRows(tried.value).map((refused) => rowsRefused(refused, rows.length));
  const left = trial.results.filter((results) => results === undefined).length;
  if (left > 0)
    findings.push(notTried(`Time was up before ${String(left)} of the ${String(rows.length)} newest rows were tried`));
  else if (!isComplete && rows.length === 0)
    findings.push(notTried("Time was up before a row of the mapped tables was found in the source's log"));
  return findings;
}

function refusedRows({ rows, trial }: NewestTrial): readonly Refused[] {
  const found = new Map<string, Refused>();
  const tables = tablesOf(rows);
  for (const [index, { table }] of rows.entries())
    for (const { mappingId, error } of trial.results[index] ?? []) {
      // Extract reads at the source what such an image lacks, where it can.
      if (error === null || error.code === 'ROW_IMAGE_PARTIAL') continue;
      const name = JSON.stringify([mappingId, tables.indexOf(table), error.code]);
      const present = found.get(name);
      if (present === undefined)
        found.set(name, { mappingId, schema: table.schema, table: table.table, first: error, count: 1 });
      else present.count += 1;
    }
  return [...found.values()];
}

const rowsRefused = ({ mappingId, schema, table, first, count }: Refused, of: number): Finding => ({
  ...{ code: 'ROWS_REFUSED', severity: 'warning', statements: [] },
  subject: { place: 'source', schema, table, name: mappingId },
  explanation: `Of the ${String(of)} newest rows in the source's log that are mapped, ${String(count)} of ${schema}.${table} would be refused (${first.code}): ${first.detail}. POST /api/v1/mappings/preview with "last" shows them; correct the mapping, or choose by onPoison what becomes of such rows`,
});

const notTried = (why: string): Finding => ({
  ...{ code: 'ROWS_NOT_TRIED', severity: 'info', subject: { place: 'source' }, statements: [] },
  explanation: `${why}: POST /api/v1/mappings/preview tries rows that are given to it`,
});
