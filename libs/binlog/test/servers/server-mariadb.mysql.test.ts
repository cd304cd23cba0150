/** Goal: this machine's MariaDB is read whole, and nothing is lost or doubled whatever happens to it. Method: server-suite.ts. */
import { databaseMatrix } from '@lutra/testing';
import { serverSuite } from './server-suite.ts';

serverSuite(await databaseMatrix(['mariadb']));
