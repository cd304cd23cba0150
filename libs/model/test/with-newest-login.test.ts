import { describe, expect, it } from '@jest/globals';
import type { DataSourceDefinition } from '../src/data-source.ts';
import { withNewestLogin } from '../src/with-newest-login.ts';

const standbys = [{ host: 'b', port: 3306 }];
const old: DataSourceDefinition = {
  ...{ id: '1', name: 'shop', kind: 'mariadb', host: 'a', port: 3306, user: 'u', password: 'old', tls: 'disabled' },
};
const login = { user: 'v', password: 'new', tls: 'verifyCa', tlsCa: 'ca', tlsCert: 'cert', tlsKey: 'key' } as const;

describe('the newest login', () => {
  it.each<[string, DataSourceDefinition, DataSourceDefinition, DataSourceDefinition]>([
    ['is taken', old, { ...old, ...login }, { ...old, ...login }],
    ['takes a certificate away', { ...old, ...login }, old, old],
    ['leaves the group as the epoch found it', old, { ...old, ...login, standbys }, { ...old, ...login }],
    [
      'is taken after another server of the group has become the first',
      { ...old, standbys },
      { ...old, ...login, host: 'b', standbys: [{ host: 'a', port: 3306 }] },
      { ...old, ...login, standbys },
    ],
    ['of other servers is not taken', old, { ...old, ...login, host: 'c' }, old],
    ['of another data source is not taken', old, { ...old, ...login, id: '2' }, old],
  ])('%s', (_what, current, newest, expected) => {
    expect(withNewestLogin(current, newest)).toEqual(expected);
  });
});
