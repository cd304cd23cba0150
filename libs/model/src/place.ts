/**
 * Where a pipeline stands in its source. What is done is said by membership (a GTID set), not by a number: independent
 * transactions may stand in another order on another server of the same source.
 */
export type DonePlace =
  /** MySQL GTID set in the server's text form, tagged GTIDs included; '' is the empty set. */
  | { readonly kind: 'mysqlGtid'; readonly gtidSet: string }
  /** MariaDB GTID list, one `domain-server-sequence` per domain, comma-separated, ordered by domain. */
  | { readonly kind: 'mariadbGtid'; readonly gtidList: string }
  /** Without GTID: valid on the server with this uuid only. `offset` is the end of the last transaction that is done. */
  | { readonly kind: 'file'; readonly serverUuid: string; readonly file: string; readonly offset: number };

/**
 * A place inside one source transaction: everything before (event, row) of transaction `gtid` is done. Events are counted
 * from 0 over the rows events of the transaction, rows from 0 inside their event and before any filter. Valid only on the
 * server that sent them; elsewhere the transaction is replayed from its start.
 */
export interface InsidePlace {
  readonly gtid: string;
  readonly event: number;
  readonly row: number;
  readonly part: number;
  readonly serverUuid: string;
}

/** `done` never contains the transaction of `inside`. */
export interface Place {
  readonly done: DonePlace;
  readonly inside: InsidePlace | null;
}
