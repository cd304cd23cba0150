import type { TableName, WarningCode } from '@lutra/model';

interface Notice {
  readonly code: WarningCode;
  readonly message: string;
}

/** More names than anybody reads; an epoch that meets more tells the first of them. */
const TOLD_MAX = 100;

/** Tables whose rows are left out although somebody may want them. Each is told once in an epoch. */
export class LeftOutTables {
  private readonly told = new Set<string>();
  private waiting: Notice[] = [];

  /**
   * Rows of the table came; `of` is the table whose online schema change it seems to belong to. That may be a mistake: an
   * ordinary table may be called `_item_old`.
   */
  noteGhost({ schema, table }: TableName, of: string): void {
    const name = `${schema}.${table}`;
    const message = `Rows of ${name} are left out: by its name it is a table of an online schema change of ${schema}.${of}, which the same expression maps. Map it by its exact name when it is an ordinary table`;
    this.note(name, { code: 'SOURCE_GHOST_LEFT_OUT', message });
  }

  /** A retl_buffer came that cannot be read. */
  noteBuffer({ schema, table }: TableName): void {
    const name = `${schema}.${table}`;
    const message = `Rows of ${name} are passed over: its columns are not those of Otter's table, and the log does not name them`;
    this.note(name, { code: 'RESYNC_BUFFER_UNKNOWN', message });
  }

  /** What nobody was told yet. */
  take(): readonly Notice[] {
    if (this.waiting.length === 0) return NONE;
    const { waiting } = this;
    this.waiting = [];
    return waiting;
  }

  private note(about: string, notice: Notice): void {
    if (this.told.has(about) || this.told.size >= TOLD_MAX) return;
    this.told.add(about);
    this.waiting.push(notice);
  }
}

const NONE: readonly never[] = [];
