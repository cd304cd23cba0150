/** The source transaction that is being read. */
export interface OpenTransaction {
  readonly seq: number;
  /** As in TransactionHeader; without GTID 'file:offset' of its beginning, because its end is not known yet. */
  readonly gtid: string;
  readonly commitMs: number;
  /** Only the statement that follows belongs to it (schema changes): no end event comes. */
  isSingleStatement: boolean;
  /** XA: prepared rows wait for a decision that Lutra does not follow yet. */
  isXa: boolean;
  /** Done at the target already: its rows are passed over. */
  readonly isDone: boolean;
  /** Rows events before this number are done at the target already. */
  readonly firstEventWanted: number;
  /** Rows events read so far, dropped ones included. */
  eventsRead: number;
  /** Rows events written to this process or an earlier one. */
  eventsKept: number;
  /** Rows events that came before this slice; 0 in the first one. */
  firstEvent: number;
  /** A part of it is in the process that is being built. */
  isBegun: boolean;
  /** A part of it is in an earlier process. */
  isContinued: boolean;
}
