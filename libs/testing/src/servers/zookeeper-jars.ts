import { existsSync } from 'node:fs';
import { join } from 'node:path';

/**
 * What ZooKeeper's server needs, by name and in this order: two SLF4J bindings on one class path end it, and jute has to
 * come before zookeeper, whose manifest would otherwise load the one of the machine.
 */
const JARS = [
  'zookeeper-jute',
  'zookeeper',
  'slf4j-api',
  'slf4j-simple',
  'netty-all',
  'metrics-core',
  'snappy-java',
  'audience-annotations',
  'commons-io',
];

export const zookeeperClassPath = (root: string): string => JARS.map((jar) => jarPath(root, jar)).join(':');

/** The jars of installed packages may lack the logging ones; then the unpacked set is used instead. */
export const jarsThere = (root: string): boolean => JARS.every((jar) => existsSync(jarPath(root, jar)));

const jarPath = (root: string, jar: string): string => join(root === '' ? '/' : root, 'usr/share/java', `${jar}.jar`);
