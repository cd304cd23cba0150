/**
 * Goal: the comparison after a failover finds a row that differs, and never one that is only on its way.
 * Method: one database plays the source, one the target of the same server; the target "catches up" by hand.
 */
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SyncError, systemClock } from '@lutra/model';
import type { DonePlace, MappingDefinition } from '@lutra/model';
import { openTarget } from '@lutra/sql';
import type { RowKey, TargetSession } from '@lutra/sql';
import { testServers } from '@lutra/testing';
import { compareWindow } from '../src/compare-window.ts';
import type { ComparedSides } from '../src/compare-window.ts';
import { createPeople } from './rows.ts';

describe.each([['MariaDB', 'mariadbTarget'] as const, ['MySQL', 'mysql'] as const])(
  'the last window on %s',
  (_name, server) => {
    let sessions: TargetSession[];
    let names: { source: string; target: string };
    const { password, ...address } = testServers()[server];
    const open = (): Promise<TargetSession> =>
      openTarget({ ...address, id: 't', name: 't', password: '', tls: 'disabled' }, password, { clock: systemClock });

    beforeEach(async () => {
      sessions = [await open(), await open(), await open()];
      const tail = randomBytes(6).toString('hex');
      names = { source: `src_${tail}`, target: `dst_${tail}` };
      for (const schema of Object.values(names)) {
        await admin().query(`CREATE DATABASE ${schema} CHARACTER SET utf8mb4`);
        await admin().query(createPeople(schema));
        await admin().query(`INSERT INTO ${schema}.people VALUES (1, 'a', 'secret'), (2, 'b', NULL), (3, 'ç', '')`);
        await admin().commit();
      }
    });
    afterEach(async () => {
      for (const schema of Object.values(names)) await admin().query(`DROP DATABASE ${schema}`);
      for (const session of sessions) await session.close();
    });

    const at = (index: number): TargetSession => {
      const session = sessions[index];
      if (session === undefined) throw new Error('no such session');
      return session;
    };
    const admin = (): TargetSession => at(2);
    const run = async (sql: string): Promise<void> => {
      await admin().query(sql);
      await admin().commit();
    };
    /** As much as the source said last: other tests of this server go on executing, under tags of their own too. */
    const everything = (): DonePlace =>
      server === 'mysql' ? { kind: 'mysqlGtid', gtidSet: executed } : { kind: 'mariadbGtid', gtidList: executed };
    let executed = '';
    const sides = (
      onCovered: () => Promise<void> = () => Promise.resolve(),
      rules?: MappingDefinition['rules'],
    ): ComparedSides => {
      const source = at(0);
      // Between the two looks at the source: what the target learns while it is waited for.
      const query = source.query.bind(source);
      const watched = Object.assign(Object.create(source) as TargetSession, {
        query: async (sql: string) => {
          const rows = await query(sql);
          if (sql.includes('@@global')) {
            executed = String(rows[0]?.['executed']).replaceAll(/\s/g, '');
            await onCovered();
          }
          return rows;
        },
      });
      return {
        source: watched,
        target: at(1),
        clock: systemClock,
        reached: everything,
        mappings: [
          {
            id: 'm',
            source: { schema: names.source, table: { regex: '.*' } },
            target: { schema: names.target },
            columns: { mode: 'all' },
            ...(rules === undefined ? {} : { rules }),
          },
        ],
      };
    };
    const key = (id: number): RowKey => ({ schema: names.target, table: 'people', key: [['id', String(id)]] });
    const never = new AbortController().signal;

    it('is equal when the rows are, gone ones included', async () => {
      const keys = [1, 2, 3, 4].map(key);
      expect(await compareWindow(sides(), keys, never)).toEqual({ equal: 4, uncompared: 0 });
    });

    it.each([
      ['changed', (schema: string) => `UPDATE ${schema}.people SET note = 'other' WHERE id = 1`],
      ['lost', (schema: string) => `DELETE FROM ${schema}.people WHERE id = 1`],
    ])('names the table of a row that is %s at the target, and no value', async (_what, damage) => {
      await run(damage(names.target));
      const failure: unknown = await compareWindow(sides(), [1, 2, 3].map(key), never).catch((error: unknown) => error);
      expect(SyncError.is(failure) ? failure.code : failure).toBe('TARGET_DIVERGED');
      expect(SyncError.is(failure) ? failure.details : {}).toMatchObject({
        table: `${names.target}.people (1)`,
        count: 1,
      });
      expect(String(failure)).not.toMatch(/secret|other/);
    });

    it('does not report a row whose change is on its way', async () => {
      await run(`UPDATE ${names.source}.people SET note = 'newer' WHERE id = 1`);
      const arrive = (): Promise<void> => run(`UPDATE ${names.target}.people SET note = 'newer' WHERE id = 1`);
      expect(await compareWindow(sides(arrive), [key(1)], never)).toEqual({ equal: 1, uncompared: 0 });
    });

    it('does not report a row that goes on changing at the source', async () => {
      let turn = 0;
      await run(`UPDATE ${names.source}.people SET note = 'turn 0' WHERE id = 1`);
      const change = async (): Promise<void> => {
        turn += 1;
        await run(`UPDATE ${names.source}.people SET note = 'turn ${String(turn)}' WHERE id = 1`);
        if (turn === 4) await run(`UPDATE ${names.target}.people SET note = 'turn 4' WHERE id = 1`);
      };
      expect(await compareWindow(sides(change), [key(1)], never)).toEqual({ equal: 1, uncompared: 0 });
      expect(turn).toBe(4);
    });

    it('does not compare what the mapping computes, nor rows that do not stand for one of the source each', async () => {
      await run(`UPDATE ${names.target}.people SET note = 'computed'`);
      const note = [{ target: 'NOTE', from: { kind: 'constant' as const, value: 'computed' } }];
      const counts = [];
      for (const rules of [{ columns: note }, { rows: { filter: 'id > 1' } }])
        counts.push(await compareWindow(sides(undefined, rules), [1, 2].map(key), never));
      expect(counts).toEqual([
        { equal: 2, uncompared: 0 },
        { equal: 0, uncompared: 2 },
      ]);
    });

    it('leaves out tables whose source is not clear', async () => {
      const other = { schema: 'elsewhere', table: 'people', key: [['id', '1']] as const };
      expect(await compareWindow(sides(), [key(1), other], never)).toEqual({ equal: 1, uncompared: 1 });
    });
  },
);
