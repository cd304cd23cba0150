import { systemClock } from '@lutra/model';
import type { OracleColumn, OracleRows } from './oracle-answer.ts';
import type { OracleAnswer, OracleEngine, OracleStatement } from './oracle-session.ts';
import type { OracleColumnType } from './oracle-value.ts';

/** A statement that contains the text, or meets the expression, is answered so; the first that fits counts. */
export type OracleScript = readonly (readonly [
  string | RegExp,
  OracleAnswer | ((statement: OracleStatement) => OracleAnswer),
])[];

/** Runs a script; what it does not know is answered with ORA-00942. */
export function scriptedOracle(script: OracleScript): OracleEngine {
  return (statement) => {
    const found = script.find(([about]) =>
      typeof about === 'string' ? statement.sql.includes(about) : about.test(statement.sql),
    );
    const answer = found?.[1] ?? { error: { code: 942, message: 'table or view does not exist' } };
    return typeof answer === 'function' ? answer(statement) : answer;
  };
}

/** Rows under columns written as 'NAME TYPE', VARCHAR2 where no type stands. */
export function oracleRows(
  columns: readonly string[],
  ...rows: readonly (readonly (string | number | null)[])[]
): OracleRows {
  return {
    columns: columns.map((column): OracleColumn => {
      const [name = '', type = 'VARCHAR2'] = column.split(' ');
      return { name, type: type as OracleColumnType };
    }),
    rows: rows.map((row) => row.map((value) => (value === null ? null : String(value)))),
  };
}

/** What a database says of itself when it is probed. */
export function selfDescription({
  charset = 'AL32UTF8',
  zone = '+00:00',
  privileges = ['CREATE SESSION'],
  clockAheadMs = 0,
}: {
  readonly charset?: string;
  readonly zone?: string;
  readonly privileges?: readonly string[];
  readonly clockAheadMs?: number;
} = {}): OracleScript {
  return [
    [
      'SYSTIMESTAMP',
      ({ user }) =>
        oracleRows(
          ['account', 'zone', 'seconds NUMBER'],
          [user, zone, Math.floor((systemClock.now().getTime() + clockAheadMs) / 1_000)],
        ),
    ],
    [
      'NLS_DATABASE_PARAMETERS',
      oracleRows(['name', 'value'], ['NLS_CHARACTERSET', charset], ['NLS_NCHAR_CHARACTERSET', 'AL16UTF16']),
    ],
    ['SESSION_PRIVS', oracleRows(['name'], ...privileges.map((privilege) => [privilege]))],
  ];
}
