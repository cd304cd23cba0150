import type {
  DatabaseKind,
  DonePlace,
  MappingDefinition,
  PipelineDefinition,
  StartDefinition,
  SyncError,
} from '@lutra/model';
import type { Processors } from '@lutra/mapping';
import type { StorageUse } from '@lutra/messaging';
import type { TableName, TargetTable } from '@lutra/sql';
import type { NewestTrial } from '../preview/preview.service.ts';
import type { LookupFacts } from './judge-lookups.ts';

/** What was asked, or why there is no answer. */
export type Looked<T> = { readonly value: T } | { readonly failure: SyncError };

/** What a server says of itself to the user of the data source. */
export interface ServerFacts {
  /** 'host:port' of the one that answered. */
  readonly address: string;
  readonly kind: DatabaseKind;
  /** Quoted as in a GRANT statement. */
  readonly account: string;
  /** By lower-case name; a variable that the server does not know is not there. */
  readonly variables: Readonly<Record<string, string>>;
  /** Lines of SHOW GRANTS, those of the current roles included. */
  readonly grants: readonly string[];
  /** How far the server's clock is ahead of the manager's, give or take half of the question's way there and back. */
  readonly clockAheadMs: number;
  /** Seconds that the server's time zone is ahead of UTC now; null when it does not know its own zone. */
  readonly zoneAheadS: number | null;
  readonly collations: ReadonlySet<string>;
  readonly schemas: ReadonlySet<string>;
}

/** A source table with what its rows are written into. */
export interface TablePair {
  readonly mapping: MappingDefinition;
  readonly source: TargetTable;
  readonly targetName: TableName;
  /** Null: it does not exist. */
  readonly target: TargetTable | null;
}

export interface TableFacts {
  readonly pairs: readonly TablePair[];
  /** Mappings that cover no table now. */
  readonly idle: readonly MappingDefinition[];
  /** By the id of such a mapping: a table whose name differs from it by case only. Absent = none. */
  readonly otherCase?: ReadonlyMap<string, TableName>;
  /** How many covered tables were left out because there are too many. */
  readonly leftOut: number;
  /** Absent = no mapping looks up. */
  readonly lookups?: LookupFacts;
  /** Those that mappings may use, loaded; absent = none. */
  readonly processors?: Processors;
}

export interface BusFacts {
  readonly storage: readonly StorageUse[];
  /** Of all pipelines of the installation: bytes that may be on their way at once, and what of them stands in one queue. */
  readonly windowBytes: number;
  readonly queuedBytes: number;
}

/** The source's log does not reach back to where the pipeline would read on. */
export interface StartFacts {
  readonly done: DonePlace;
  /** The pipeline has been there; otherwise it is the configured start. */
  readonly isReached: boolean;
  /** The earliest start that the log still has. */
  readonly oldest: StartDefinition;
}

/** Everything that is judged. The judges ask nobody. */
export interface PreCheckFacts {
  readonly definition: PipelineDefinition;
  readonly source: Looked<ServerFacts>;
  readonly target: Looked<ServerFacts>;
  /** Null: the log reaches back, or that is not known. */
  readonly start: StartFacts | null;
  /** What was read of both sides; a failure only where both servers answered. */
  readonly tables: Looked<TableFacts>;
  readonly lookups: LookupFacts;
  /** What the mappings make of the newest rows in the source's log; null = no mapping has rules, or nobody asked. */
  readonly tried: Looked<NewestTrial> | null;
  readonly bus: Looked<BusFacts>;
  /** The pipelines of the channel that write back: from this target to this source. */
  readonly opposite: readonly PipelineDefinition[];
}
