/** The least that a service accepts. */
export const validEnvironment: Readonly<Record<string, string>> = {
  LUTRA_NATS_SERVERS: '127.0.0.1:4222',
  LUTRA_NATS_USER: 'lutra',
  LUTRA_NATS_PASSWORD: 'secret',
  LUTRA_ZOOKEEPER_SERVERS: 'zk1:2181,zk2:2181',
  LUTRA_ZOOKEEPER_AUTH: 'lutra:secret',
  LUTRA_SECRET_KEY: Buffer.alloc(32, 7).toString('base64'),
};
