export { testServers } from './test-servers.ts';
export type { DatabaseServer, TestServers } from './test-servers.ts';
export { BinlogStreamBuilder } from './binlog-stream.ts';
