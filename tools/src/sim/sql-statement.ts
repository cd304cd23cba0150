import { readExpression, TokenReader } from './sql-expression.ts';
import type { Expression } from './sql-expression.ts';
import { tokensOf } from './sql-tokens.ts';

export interface Assignment {
  readonly column: string;
  readonly value: Expression;
}

/** The shapes of statement that libs/sql writes. */
export type SqlStatement =
  | {
      readonly kind: 'insert';
      readonly table: string;
      readonly columns: readonly string[];
      readonly rows: readonly (readonly Expression[])[];
      readonly onDuplicate: readonly Assignment[] | null;
    }
  | {
      readonly kind: 'update';
      readonly table: string;
      readonly assignments: readonly Assignment[];
      readonly where: Expression | null;
      readonly joined: JoinedRows | null;
    }
  | { readonly kind: 'delete'; readonly table: string; readonly where: Expression | null }
  | Select
  /** (SELECT …) UNION ALL (SELECT …) */
  | { readonly kind: 'union'; readonly selects: readonly Select[] }
  | { readonly kind: 'kill'; readonly sessionId: number }
  | { readonly kind: 'savepoint' }
  | { readonly kind: 'undo' }
  | { readonly kind: 'nothing' };

export interface Select {
  readonly kind: 'select';
  readonly table: string | null;
  readonly fields: readonly { readonly alias: string; readonly value: Expression }[];
  readonly where: Expression | null;
  readonly isLocking: boolean;
  /** Columns that the rows are ordered by. */
  readonly order: readonly string[];
  readonly limit: number;
}

/** Rows of a derived table that an update is joined to, in order. */
export interface JoinedRows {
  readonly alias: string;
  readonly names: readonly string[];
  readonly rows: readonly (readonly Expression[])[];
}

/** Reads one statement. Throws on everything that it does not know: what is not interpreted would not be tested. */
export function readStatement(sql: string): SqlStatement {
  const reader = new TokenReader(tokensOf(sql));
  const statement = readAny(reader);
  reader.takeSign(';');
  if (reader.token.kind !== 'end') throw new Error(`'${reader.token.text}' is not understood in ${sql.slice(0, 300)}`);
  return statement;
}

function readAny(reader: TokenReader): SqlStatement {
  if (reader.takeWords('INSERT', 'INTO')) return readInsert(reader);
  if (reader.takeWords('UPDATE')) return readUpdate(reader);
  if (reader.takeWords('DELETE', 'FROM')) {
    const table = readTable(reader);
    return { kind: 'delete', table, where: readWhere(reader) };
  }
  if (reader.takeWords('SELECT')) return readSelect(reader);
  if (reader.takeSign('(')) return readUnion(reader);
  if (reader.takeWords('KILL')) return { kind: 'kill', sessionId: Number(reader.next().text) };
  if (reader.takeWords('SAVEPOINT')) return only(reader, 'savepoint');
  if (reader.takeWords('ROLLBACK', 'TO', 'SAVEPOINT')) return only(reader, 'undo');
  if (!reader.isWord('CREATE') && !reader.isWord('SET'))
    throw new Error(`No statement begins with ${reader.token.text}`);
  while (reader.token.kind !== 'end') reader.next();
  return { kind: 'nothing' };
}

/** Of one session there is one savepoint at a time: its name says nothing. */
function only(reader: TokenReader, kind: 'savepoint' | 'undo'): SqlStatement {
  reader.name();
  return { kind };
}

function readTable(reader: TokenReader): string {
  const schema = reader.name();
  if (!reader.takeSign('.')) return schema;
  return `${schema}.${reader.name()}`;
}

const readWhere = (reader: TokenReader): Expression | null =>
  reader.takeWords('WHERE') ? readExpression(reader) : null;

function readAssignments(reader: TokenReader): Assignment[] {
  return reader.list(() => {
    let column = reader.name();
    if (reader.takeSign('.')) column = reader.name();
    reader.expectSign('=');
    return { column, value: readExpression(reader) };
  });
}

function readTuple(reader: TokenReader): Expression[] {
  reader.expectSign('(');
  const values = reader.list(() => readExpression(reader));
  reader.expectSign(')');
  return values;
}

function readInsert(reader: TokenReader): SqlStatement {
  const table = readTable(reader);
  reader.expectSign('(');
  const columns = reader.list(() => reader.name());
  reader.expectSign(')');
  reader.expectWord('VALUES');
  const rows = reader.list(() => readTuple(reader));
  const onDuplicate = reader.takeWords('ON', 'DUPLICATE', 'KEY', 'UPDATE') ? readAssignments(reader) : null;
  return { kind: 'insert', table, columns, rows, onDuplicate };
}

function readUpdate(reader: TokenReader): SqlStatement {
  if (reader.token.text === '(') return readUpdateJoin(reader);
  const table = readTable(reader);
  reader.expectWord('SET');
  const assignments = readAssignments(reader);
  return { kind: 'update', table, assignments, where: readWhere(reader), joined: null };
}

/** UPDATE (SELECT … UNION ALL SELECT …) AS v STRAIGHT_JOIN t AS t ON … SET … */
function readUpdateJoin(reader: TokenReader): SqlStatement {
  reader.expectSign('(');
  const rows: Expression[][] = [];
  const names: string[] = [];
  do {
    reader.expectWord('SELECT');
    rows.push(
      reader.list(() => {
        const value = readExpression(reader);
        if (reader.takeWords('AS')) names.push(reader.name());
        return value;
      }),
    );
  } while (reader.takeWords('UNION', 'ALL'));
  reader.expectSign(')');
  reader.expectWord('AS');
  const alias = reader.name();
  reader.expectWord('STRAIGHT_JOIN');
  const table = readTable(reader);
  reader.expectWord('AS');
  reader.name();
  reader.expectWord('ON');
  const where = readExpression(reader);
  reader.expectWord('SET');
  return { kind: 'update', table, assignments: readAssignments(reader), where, joined: { alias, names, rows } };
}

function readUnion(reader: TokenReader): SqlStatement {
  const selects: Select[] = [];
  do {
    if (selects.length > 0) reader.expectSign('(');
    reader.expectWord('SELECT');
    selects.push(readSelect(reader));
    reader.expectSign(')');
  } while (reader.takeWords('UNION', 'ALL'));
  return { kind: 'union', selects };
}

function readSelect(reader: TokenReader): Select {
  const fields = reader.list(() => {
    const alias = reader.token.text.toLowerCase();
    const value = readExpression(reader);
    return { alias: reader.takeWords('AS') ? reader.next().text : alias, value };
  });
  const table = reader.takeWords('FROM') ? readTable(reader) : null;
  const where = readWhere(reader);
  const order = reader.takeWords('ORDER', 'BY') ? reader.list(() => reader.name()) : [];
  const limit = reader.takeWords('LIMIT') ? Number(reader.next().text) : Number.POSITIVE_INFINITY;
  return { kind: 'select', table, fields, where, isLocking: reader.takeWords('FOR', 'UPDATE'), order, limit };
}
