/** One statement for the target. With parameters it goes as a prepared statement, so that large values are not written as text. */
export interface TargetStatement {
  readonly sql: string;
  readonly parameters?: readonly (string | Buffer)[];
}
