import type { DatabaseKind } from '@lutra/model';

/**
 * A text of schema statements and rows among them, run at the source in a session of its own. Afterwards its tables have to
 * be defined alike at every target and hold the same rows. `#t` becomes a table of this text alone, `{two}` another schema.
 */
export interface DdlText {
  /** Unique; says what is special. */
  readonly name: string;
  readonly sql: readonly string[];
  /** The only kind of server that understands it; default: both. */
  readonly only?: DatabaseKind;
}
