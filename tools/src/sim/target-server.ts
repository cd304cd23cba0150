import type { TargetTable } from '@lutra/sql/simulation';
import type { SqlRow } from './sql-expression.ts';
import { SimServer } from './network.ts';
import type { Connection } from './network.ts';
import type { SimNode } from './node.ts';
import { TargetTableStore } from './target-table-store.ts';
import type { Slot } from './target-table-store.ts';
import type { World } from './world.ts';

/** As session-setup.ts sets them. */
const LOCK_WAIT_MS = 10_000;
const IDLE_MS = 60_000;

/** Who opened a session, for the checks. */
export interface SessionTag {
  readonly pipelineId: string;
  readonly epoch: number;
}

/** A change that a transaction has made of one row. */
export interface RowWrite {
  readonly table: string;
  readonly key: string;
  readonly before: SqlRow | null;
  readonly after: SqlRow | null;
  /** How often the transaction wrote the row. */
  readonly times: number;
}

/** One session as the server knows it. */
export interface TargetServerSession {
  readonly id: number;
  readonly node: SimNode;
  readonly tag: SessionTag;
  readonly touched: Set<Slot>;
  /** Writes of a row that changed nothing or something, in the open transaction: by slot. */
  readonly writes: Map<Slot, number>;
  savepoint: Savepoint | null;
  isAlive: boolean;
  lastUseMs: number;
  /** Ends the wait for a lock with an error. */
  interrupt: ((error: Error) => void) | null;
}

/** What the open transaction had written when it was set. */
interface Savepoint {
  readonly pending: ReadonlyMap<Slot, SqlRow | null>;
  readonly writes: ReadonlyMap<Slot, number>;
}

/** What mysql2 throws: libs/sql turns it into a SyncError by its number. */
export class TargetError extends Error {
  constructor(
    readonly errno: number,
    readonly code: string,
    message: string,
    readonly fatal = false,
  ) {
    super(message);
  }
}

/** A MySQL target with row locks, transactions and sessions; statements are run by run-statement.ts. */
export class TargetServer extends SimServer {
  readonly tables = new Map<string, TargetTableStore>();
  readonly sessions = new Map<number, TargetServerSession>();
  readonly serverId: string;
  private sessionCount = 0;
  /** Told in the moment in which a transaction has become visible. */
  onCommit: (session: TargetServerSession, writes: readonly RowWrite[]) => void = () => undefined;
  onOpen: (session: TargetServerSession) => void = () => undefined;

  constructor(world: World, name: string, tables: readonly TargetTable[]) {
    super(world, name);
    this.serverId = `uuid-of-${name}`;
    for (const table of tables) this.tables.set(`${table.schema}.${table.table}`, new TargetTableStore(table));
  }

  open(node: SimNode, tag: SessionTag): TargetServerSession {
    this.sessionCount += 1;
    const session: TargetServerSession = {
      id: this.sessionCount,
      node,
      tag,
      touched: new Set(),
      writes: new Map(),
      savepoint: null,
      isAlive: true,
      lastUseMs: this.world.nowMs,
      interrupt: null,
    };
    this.sessions.set(session.id, session);
    this.onOpen(session);
    this.endWhenIdle(session);
    return session;
  }

  opened(): void {
    // A new connection is a new session.
  }

  /** The server sees the end of a connection at once, or only when its session has been idle for long: a zombie. */
  closed({ node }: Connection): void {
    for (const session of this.sessions.values()) {
      if (session.node !== node) continue;
      const lingersMs = this.world.chance(0.6) ? this.world.span(0, 20) : this.world.span(1_000, IDLE_MS);
      this.world.at(null, lingersMs, () => {
        this.end(session);
      });
    }
  }

  nodeFrozen(): void {
    // Its sessions stay, with their locks.
  }

  nodeThawed(): void {
    // It goes on in them, if they are still there.
  }

  /** Ends a session: its transaction is rolled back, and a wait for a lock fails. */
  end(session: TargetServerSession): void {
    if (!session.isAlive) return;
    session.isAlive = false;
    this.sessions.delete(session.id);
    this.rollback(session);
    session.interrupt?.(new TargetError(1927, 'ER_CONNECTION_KILLED', 'Connection was killed', true));
  }

  commit(session: TargetServerSession): void {
    const writes: RowWrite[] = [];
    for (const slot of session.touched) {
      const before = slot.committed;
      const times = session.writes.get(slot) ?? 0;
      const after = slot.pending === undefined ? before : slot.pending;
      if (slot.pending !== undefined) slot.committed = slot.pending;
      if (times > 0 && (before !== null || after !== null))
        writes.push({ table: slot.store.name, key: slot.key, before, after, times });
    }
    this.release(session);
    if (writes.length > 0) this.onCommit(session, writes);
  }

  rollback(session: TargetServerSession): void {
    this.release(session);
  }

  setSavepoint(session: TargetServerSession): void {
    const pending = new Map<Slot, SqlRow | null>();
    for (const slot of session.touched) if (slot.pending !== undefined) pending.set(slot, slot.pending);
    session.savepoint = { pending, writes: new Map(session.writes) };
  }

  /** Takes back what was written since; locks stay. Throws 1305 when the savepoint went with its transaction. */
  undoToSavepoint(session: TargetServerSession): void {
    const { savepoint, touched, writes } = session;
    if (savepoint === null) throw new TargetError(1305, 'ER_SP_DOES_NOT_EXIST', 'SAVEPOINT lutra_slice does not exist');
    for (const slot of touched) slot.pending = savepoint.pending.get(slot);
    writes.clear();
    for (const [slot, times] of savepoint.writes) writes.set(slot, times);
  }

  /** Takes the row's lock; waits for whoever has it, 10 s at most. Throws 1205, or what ended the session. */
  async lock(session: TargetServerSession, slot: Slot): Promise<void> {
    if (slot.owner === session) return;
    if (slot.owner !== null) await this.waitFor(session, slot);
    slot.owner = session;
    session.touched.add(slot);
  }

  private waitFor(session: TargetServerSession, slot: Slot): Promise<void> {
    this.world.trace.say(
      this.world.nowMs,
      `${this.name}: session ${String(session.id)} waits for ${slot.key} of session ${String(slot.owner?.id)}`,
    );
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        cancel();
        session.interrupt = null;
        slot.waiting = slot.waiting.filter((each) => each !== grant);
      };
      const grant = (): void => {
        settle();
        slot.owner = session;
        resolve();
      };
      const cancel = this.world.at(null, LOCK_WAIT_MS, () => {
        settle();
        reject(new TargetError(1205, 'ER_LOCK_WAIT_TIMEOUT', 'Lock wait timeout exceeded'));
      });
      session.interrupt = (error) => {
        settle();
        reject(error);
      };
      slot.waiting.push(grant);
    });
  }

  private release(session: TargetServerSession): void {
    const slots = [...session.touched];
    session.touched.clear();
    session.writes.clear();
    session.savepoint = null;
    for (const slot of slots) {
      slot.pending = undefined;
      slot.owner = null;
      slot.waiting.shift()?.();
      slot.store.forgetEmpty(slot);
    }
  }

  private endWhenIdle(session: TargetServerSession): void {
    this.world.at(null, IDLE_MS, () => {
      if (!session.isAlive) return;
      if (this.world.nowMs - session.lastUseMs >= IDLE_MS) this.end(session);
      else this.endWhenIdle(session);
    });
  }
}
