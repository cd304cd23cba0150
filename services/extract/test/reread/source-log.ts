import { classifyEvent, readGtidEvent, scanBinlog, SourceSession } from '@lutra/binlog';
import type { SourceOptions } from '@lutra/binlog';
import { systemClock } from '@lutra/model';
import type { DataSourceDefinition, DonePlace, RawEvent, TransactionHeader } from '@lutra/model';
import type { DatabaseServer } from '@lutra/testing';
import { rawBody } from '../recorded-events.ts';

/** A data source for a server, whose password is in clear. */
export const dataSourceOf = ({ kind, host, port, user, password }: DatabaseServer): DataSourceDefinition => ({
  ...{ id: 'S', name: 'source', kind, host, port, user, password, tls: 'disabled' },
});

const optionsOf = (server: DatabaseServer): SourceOptions => ({
  ...{ definition: dataSourceOf(server), password: server.password, clock: systemClock },
});

/** Where a server's log ends now. */
export async function logEnd(server: DatabaseServer): Promise<DonePlace> {
  const session = await SourceSession.open(optionsOf(server));
  try {
    const isOld = server.kind === 'mariadb';
    const [row] = await session.query(isOld ? 'SHOW MASTER STATUS' : 'SHOW BINARY LOG STATUS');
    const { File: file, Position: offset } = row as { File: string; Position: number };
    return { kind: 'file', serverUuid: session.server.uuid, file, offset };
  } finally {
    session.close();
  }
}

/** What a server has logged since, as select would hand it over. */
export async function bodySince(server: DatabaseServer, from: DonePlace): Promise<Buffer> {
  const transactions: (TransactionHeader & { readonly events: RawEvent[] })[] = [];
  /** Of a large event, as far as it has come. */
  let pieces: Buffer[] = [];
  await scanBinlog({
    source: optionsOf(server),
    from,
    signal: AbortSignal.timeout(60_000),
    onEvent: (event) => {
      if (event.kind === 'piece') pieces.push(Buffer.from(event.bytes));
      const last = transactions.at(-1)?.events;
      if (event.kind === 'end' && pieces.length > 1 && last !== undefined) {
        const begun = last.pop();
        if (begun !== undefined) last.push({ ...begun, bytes: Buffer.concat(pieces) });
      }
      if (event.kind === 'piece' || event.kind === 'end') return 'go on';
      const type = classifyEvent(event);
      pieces = [Buffer.from(event.bytes)];
      if (type === 'gtid') {
        const { gtid } = readGtidEvent(event);
        const begin = { gtid: gtid ?? 'log:4', firstEvent: 0, commitMs: 1, isLast: true };
        transactions.push({ ...begin, seq: transactions.length + 1, events: [] });
      } else if (type === 'tableMap' || type === 'rows') {
        const events = transactions.at(-1)?.events ?? [];
        const number = events.filter((one) => one.type === 'rows').length;
        events.push({ type, bytes: Buffer.from(event.bytes), event: number });
      }
      return 'go on';
    },
  });
  return rawBody(transactions);
}
