import { coversDone } from '@lutra/model';
import type { DonePlace, TableDefinition, TableHistory, TableVersion } from '@lutra/model';

/** Versions that are kept of a table. A place before the oldest is a first sight again, with its proof. */
const VERSIONS_MAX = 16;

interface TableName {
  readonly schema: string;
  readonly table: string;
}

/**
 * How the source's tables looked, by place of the log. The invariant: the definition that {@link definitionAt} gives for a
 * place is the one that was in force when the rows of that place were written, or it gives none.
 *
 * It holds because a version is begun in two ways only. (1) A statement that may concern the table begins one at the
 * statement's own transaction, unknown (null): whatever order another server sends transactions in, a place that has the
 * statement is behind it. (2) {@link learn} fills the version that holds at a place, or begins the first one there, with a
 * definition of which the caller has proven that no statement changed it between that place and the moment of the reading.
 * Every statement of the log is shown to {@link changed} before the rows behind it are asked for; after a gap (the log
 * before the start was not read by this pipeline) the history is empty.
 */
export class SchemaHistory {
  private readonly tables = new Map<string, { readonly name: TableName; versions: TableVersion[] }>();
  /** Tables whose versions changed since the last {@link takeChanged}. */
  private changes = new Set<string>();

  constructor(kept: readonly TableHistory[]) {
    for (const { schema, table, versions } of kept)
      this.tables.set(keyOf({ schema, table }), { name: { schema, table }, versions: [...versions] });
    this.changes = new Set(this.tables.keys());
  }

  get isEmpty(): boolean {
    return this.tables.size === 0;
  }

  /** The definition in force at `place`; null when it is not known. */
  definitionAt(name: TableName, place: DonePlace): TableDefinition | null {
    return this.versionAt(name, place)?.definition ?? null;
  }

  /** The table is proven to have looked so at `place`. */
  learn(name: TableName, place: DonePlace, definition: TableDefinition): void {
    const version = this.versionAt(name, place);
    const entry = this.entryOf(name);
    if (version === undefined) entry.versions.push({ from: place, definition });
    else entry.versions = entry.versions.map((each) => (each === version ? { ...each, definition } : each));
    this.noteChange(name, entry);
  }

  /** A statement whose transaction is `from` may have changed the tables that `concerns` names: unknown from there on. */
  changed(from: DonePlace, concerns: (schema: string, table: string) => boolean): void {
    for (const entry of this.tables.values())
      if (concerns(entry.name.schema, entry.name.table)) this.begin(entry, from);
  }

  /** What is known of the table proved wrong at `place`: unknown from there on. */
  distrust(name: TableName, place: DonePlace): void {
    const entry = this.entryOf(name);
    entry.versions.push({ from: place, definition: null });
    this.noteChange(name, entry);
  }

  /** The tables that have to be kept anew, each once. */
  takeChanged(epoch: number): TableHistory[] {
    const keys = this.changes;
    this.changes = new Set();
    return [...keys].flatMap((key) => {
      const entry = this.tables.get(key);
      return entry === undefined ? [] : [{ ...entry.name, epoch, versions: entry.versions }];
    });
  }

  /** Puts tables back that could not be kept. */
  putBack(histories: readonly TableHistory[]): void {
    for (const history of histories) this.changes.add(keyOf(history));
  }

  private begin(entry: { readonly name: TableName; versions: TableVersion[] }, from: DonePlace): void {
    // Read again after a break: the statement is known, and so may be what came of it.
    if (entry.versions.some((version) => isSame(version.from, from))) return;
    entry.versions.push({ from, definition: null });
    this.noteChange(entry.name, entry);
  }

  private versionAt(name: TableName, place: DonePlace): TableVersion | undefined {
    return this.tables.get(keyOf(name))?.versions.findLast(({ from }) => coversDone(place, from));
  }

  private entryOf({ schema, table }: TableName): { readonly name: TableName; versions: TableVersion[] } {
    const key = keyOf({ schema, table });
    let entry = this.tables.get(key);
    if (entry === undefined) this.tables.set(key, (entry = { name: { schema, table }, versions: [] }));
    return entry;
  }

  private noteChange(name: TableName, entry: { versions: TableVersion[] }): void {
    if (entry.versions.length > VERSIONS_MAX) entry.versions = entry.versions.slice(-VERSIONS_MAX);
    this.changes.add(keyOf(name));
  }
}

const keyOf = ({ schema, table }: TableName): string => `${schema}\0${table}`;

const isSame = (one: DonePlace, other: DonePlace): boolean => coversDone(one, other) && coversDone(other, one);
