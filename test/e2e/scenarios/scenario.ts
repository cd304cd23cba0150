import type { DatabaseKind } from '@lutra/model';

/** One SQL text that is run at a source; its tables must hold the same rows at every target afterwards. */
export interface Scenario {
  /** Unique; says what is special. */
  readonly name: string;
  /** CREATE TABLE statements for both sides, before the pipelines start. `#t` is a table t of this scenario alone. */
  readonly tables: readonly string[];
  /** Objects that only the source has: triggers, procedures, views. */
  readonly atSource?: readonly string[];
  /** What is run at the source: each text in a session of its own, in which the statements follow each other. */
  readonly sql: readonly string[];
  /** The only kind of server that understands it; default: both. */
  readonly only?: DatabaseKind;
}

/** `#t` becomes a name that no other scenario has; in SQL a # would begin a comment, so no text can mean anything else. */
export function withTableNames(text: string, prefix: string): string {
  return text.replaceAll(/#(?=[a-z])/g, `${prefix}_`);
}

/** Names of the tables that the scenario creates at both sides. */
export function tablesOf({ tables }: Scenario, prefix: string): string[] {
  return tables.map((statement) => {
    const [, name] = /^\s*CREATE TABLE (#\w+)/.exec(statement) ?? [];
    if (name === undefined) throw new Error(`No CREATE TABLE #name: ${statement}`);
    return withTableNames(name, prefix);
  });
}
