import { SyncError } from '@lutra/model';

/** Rows events from `from` to before `to`, numbered in their transaction. */
export interface EventRange {
  readonly from: number;
  readonly to: number;
}

/** What a rollback undoes. `mappedBefore`: rows events of mapped tables in front of it. */
export interface UndoneRange extends EventRange {
  readonly mappedBefore: number;
}

/**
 * Savepoints of one transaction, as its log names them. A name may be set again (the older one is out of sight then, and
 * never comes back); a rollback to a name keeps it and forgets the ones behind it.
 */
export class Savepoints {
  /** A savepoint may have taken the place of another one whose name differs in an accent: nobody can tell. */
  private isDoubtful = false;
  private readonly open: { readonly name: string; readonly event: number; readonly mapped: number }[] = [];

  /** SAVEPOINT and RELEASE SAVEPOINT. `event`: number of the rows event that comes next; `mapped`: how many were mapped. */
  note(statement: string, { event, mapped }: { readonly event: number; readonly mapped: number }): void {
    const name = nameOf(statement);
    const at = this.indexOf(name);
    this.isDoubtful ||= this.hasTwin(name);
    if (at >= 0) this.open.splice(at, /^RELEASE/i.test(statement) ? this.open.length : 1);
    if (/^SAVEPOINT/i.test(statement)) this.open.push({ name, event, mapped });
  }

  /**
   * ROLLBACK TO: the rows events that it undoes. An unknown name undoes everything, as its savepoint came first. Throws
   * SOURCE_EVENT_UNSUPPORTED when names differ in accents only: some of them are the same to the server.
   */
  rollBackTo(statement: string, event: number): UndoneRange {
    const name = nameOf(statement);
    if (this.isDoubtful || this.hasTwin(name))
      throw new SyncError('SOURCE_EVENT_UNSUPPORTED', {
        problem: `A transaction rolled back to savepoint ${name}, and has savepoints whose names differ from each other in accents only`,
        type: 'QUERY_EVENT ROLLBACK TO',
      });
    const at = this.indexOf(name);
    if (at < 0) return { from: 0, to: event, mappedBefore: 0 };
    this.open.length = at + 1;
    const savepoint = this.open[at];
    return { from: savepoint?.event ?? 0, to: event, mappedBefore: savepoint?.mapped ?? 0 };
  }

  /** Another name that is open, and that a server's collation may take for this one. */
  private hasTwin(name: string): boolean {
    return this.open.some((other) => other.name !== name && LOOSE.compare(other.name, name) === 0);
  }

  private indexOf(name: string): number {
    return this.open.findIndex((savepoint) => savepoint.name === name);
  }
}

/** Takes more names for equal than the servers do (utf8_general_ci). */
const LOOSE = new Intl.Collator('en', { sensitivity: 'base' });

/** True when one of the ranges holds the event. */
export function isInRanges(ranges: readonly EventRange[], event: number): boolean {
  return ranges.some(({ from, to }) => from <= event && event < to);
}

/** Names are compared without case; the servers quote them always. */
function nameOf(statement: string): string {
  const [, quoted, plain] = NAME.exec(statement) ?? [];
  return (quoted?.replaceAll('``', '`') ?? plain ?? '').toLowerCase();
}

const NAME = /^(?:ROLLBACK\s+TO(?:\s+SAVEPOINT)?|(?:RELEASE\s+)?SAVEPOINT)\s+(?:`((?:[^`]|``)*)`|(\S+))/i;
