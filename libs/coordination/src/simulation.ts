// What tools/src/sim drives of this library: the whole coordinator, on a ZooKeeper in memory.
export { pathsBelow } from './paths.ts';
export { SessionKeeper } from './session-keeper.ts';
export type { NodeContent, NodeMode, ZooKeeperClient, ZooKeeperClientOptions } from './zookeeper-client.ts';
export { ZooKeeperCoordinator } from './zookeeper-coordinator.ts';
