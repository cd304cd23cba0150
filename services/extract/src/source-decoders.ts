import { SourceSession } from '@lutra/binlog';
import type { SourceOptions } from '@lutra/binlog';
import { createRowsDecoder, readSourceTable, TableShapes } from '@lutra/binlog/decoder';
import type { RowsDecoder } from '@lutra/binlog/decoder';
import { openSecret, SyncError } from '@lutra/model';
import type { Clock, DataSourceDefinition, PipelineDefinition, TableDefinition } from '@lutra/model';

/** Sources that are kept with their compiled tables; the oldest goes. */
const SOURCES_MAX = 200;
/** A connection that was not asked for so long is not trusted any more: firewalls forget it. */
const IDLE_MS_MAX = 60_000;

export interface SourceDecodersOptions {
  readonly clock: Clock;
  /** LUTRA_SECRET_KEY. */
  readonly secretKey: string;
}

/** Decoders for the processes of all pipelines. Pipelines of one source share its compiled tables and one connection to it. */
export class SourceDecoders {
  private readonly sources = new Map<string, { readonly shapes: TableShapes; readonly lookup: SourceLookup }>();

  constructor(private readonly options: SourceDecodersOptions) {}

  /** A decoder for one process of the pipeline. Connects to the source only when a table map leaves something open. */
  decoderOf({ source }: Pick<PipelineDefinition, 'source'>): RowsDecoder {
    // The whole definition is the key: a new address or password makes a new entry.
    const key = JSON.stringify(source);
    const known = this.sources.get(key);
    if (known !== undefined) return createRowsDecoder(known.shapes);
    const lookup = new SourceLookup(source, this.options);
    const complete = (schema: string, table: string): Promise<TableDefinition> => lookup.tableOf(schema, table);
    const shapes = new TableShapes({ kind: source.kind, complete, clock: this.options.clock });
    this.sources.set(key, { shapes, lookup });
    this.dropOldest();
    return createRowsDecoder(shapes);
  }

  close(): void {
    for (const { lookup } of this.sources.values()) lookup.close();
    this.sources.clear();
  }

  private dropOldest(): void {
    const [oldest] = this.sources.entries();
    if (this.sources.size <= SOURCES_MAX || oldest === undefined) return;
    oldest[1].lookup.close();
    this.sources.delete(oldest[0]);
  }
}

/** Asks the information_schema of one source, on one connection that is opened when needed. */
class SourceLookup {
  private session: Promise<SourceSession> | null = null;
  private usedAtMs = 0;

  constructor(
    private readonly source: DataSourceDefinition,
    private readonly options: SourceDecodersOptions,
  ) {}

  async tableOf(schema: string, table: string): Promise<TableDefinition> {
    const wasOpen = this.isFresh();
    try {
      return await readSourceTable(await this.connect(), schema, table);
    } catch (error) {
      // The table's absence says nothing against the connection.
      if (SyncError.is(error) && error.code === 'SOURCE_SCHEMA_MISMATCH') throw error;
      this.close();
      if (!wasOpen) throw error;
      // It may have broken while nobody used it: once more on a new one.
      return await readSourceTable(await this.connect(), schema, table);
    }
  }

  close(): void {
    const session = this.session;
    this.session = null;
    // A connection that never came up has nothing to close; who asked for it got the error.
    session?.then(
      (open) => open.close(),
      () => undefined,
    );
  }

  private connect(): Promise<SourceSession> {
    if (!this.isFresh()) this.close();
    this.usedAtMs = this.options.clock.monotonicMs();
    this.session ??= SourceSession.open(this.sourceOptions());
    return this.session;
  }

  private isFresh(): boolean {
    return this.session !== null && this.options.clock.monotonicMs() - this.usedAtMs < IDLE_MS_MAX;
  }

  private sourceOptions(): SourceOptions {
    const password = openSecret(this.source.password, this.options.secretKey);
    return { definition: this.source, password, clock: this.options.clock };
  }
}
