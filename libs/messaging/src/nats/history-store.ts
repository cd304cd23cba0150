import type { HistoryMark, KeptHistories, TableHistory } from '@lutra/model';
import { Bucket } from './bucket.ts';
import type { NatsLink } from './nats-link.ts';
import { historyKeys } from './subjects.ts';

/** Servers take messages of 1 MiB unless told otherwise; a table of 4096 columns needs 450 KB. */
const VALUE_CHARACTERS_MAX = 512 * 1024;
/** Tables of one pipeline that are read back. */
const TABLES_MAX = 100_000;

/** What select keeps of the tables of pipelines: one value per table, and a mark per pipeline. */
export class HistoryStore {
  private readonly bucket: Bucket;

  constructor(link: NatsLink) {
    this.bucket = new Bucket(link, link.subjects.buckets.schema, link.subjects.streams.schema);
  }

  async putTable(pipelineId: string, history: TableHistory): Promise<void> {
    await this.bucket.put(historyKeys(pipelineId).table(history.schema, history.table), shortened(history));
  }

  async putMark(pipelineId: string, mark: HistoryMark): Promise<void> {
    await this.bucket.put(historyKeys(pipelineId).mark, mark);
  }

  async read(pipelineId: string): Promise<KeptHistories> {
    const keys = historyKeys(pipelineId);
    const entries = await this.bucket.values(keys.all, TABLES_MAX);
    const mark = entries.find(({ key }) => key === keys.mark)?.value ?? null;
    const tables = entries.flatMap(({ key, value }) => (key === keys.mark || value === null ? [] : [value]));
    return { mark: mark as HistoryMark | null, tables: tables as TableHistory[] };
  }

  async remove(pipelineId: string): Promise<void> {
    await this.bucket.purge(historyKeys(pipelineId).all);
  }
}

/** Without its oldest versions where it is too large: a place before them is a first sight again. */
function shortened(history: TableHistory): TableHistory {
  let { versions } = history;
  while (versions.length > 0 && JSON.stringify(versions).length > VALUE_CHARACTERS_MAX) versions = versions.slice(1);
  return { ...history, versions };
}
