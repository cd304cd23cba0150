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
  private readonly open: { readonly name: string; readonly event: number; readonly mapped: number }[] = [];

  /** SAVEPOINT and RELEASE SAVEPOINT. `event`: number of the rows event that comes next; `mapped`: how many were mapped. */
  note(statement: string, { event, mapped }: { readonly event: number; readonly mapped: number }): void {
    const name = nameOf(statement);
    const at = this.indexOf(name);
    if (at >= 0) this.open.splice(at, /^RELEASE/i.test(statement) ? this.open.length : 1);
    if (/^SAVEPOINT/i.test(statement)) this.open.push({ name, event, mapped });
  }

  /** ROLLBACK TO: the rows events that it undoes. An unknown name undoes everything, as its savepoint came first. */
  rollBackTo(statement: string, event: number): UndoneRange {
    const at = this.indexOf(nameOf(statement));
    if (at < 0) return { from: 0, to: event, mappedBefore: 0 };
    this.open.length = at + 1;
    const savepoint = this.open[at];
    return { from: savepoint?.event ?? 0, to: event, mappedBefore: savepoint?.mapped ?? 0 };
  }

  private indexOf(name: string): number {
    return this.open.findIndex((savepoint) => savepoint.name === name);
  }
}

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
