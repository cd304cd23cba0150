import type { DataSourceDefinition, ServerAddress } from './data-source.ts';

/**
 * A data source where an epoch found it, with the login (user, password, TLS) that the newest revision has for it: passwords
 * and certificates are changed under running epochs, servers are not. Unchanged when the newest is about other servers: their
 * login is no business of this one.
 */
export function withNewestLogin(dataSource: DataSourceDefinition, newest: DataSourceDefinition): DataSourceDefinition {
  const { kind, host, port, standbys } = dataSource;
  const group: readonly ServerAddress[] = [newest, ...(newest.standbys ?? [])];
  const isInGroup = group.some((one) => one.host === host && one.port === port);
  if (newest.id !== dataSource.id || !isInGroup) return dataSource;
  const { id, name, user, password, tls, tlsCa, tlsCert, tlsKey } = newest;
  return {
    ...{ id, name, kind, host, port, user, password, tls },
    ...(standbys === undefined ? {} : { standbys }),
    ...(tlsCa === undefined ? {} : { tlsCa }),
    ...(tlsCert === undefined ? {} : { tlsCert }),
    ...(tlsKey === undefined ? {} : { tlsKey }),
  };
}
