/** Goal: MariaDB 11.8 is read whole, and nothing is lost or doubled whatever happens to it. Method: server-suite.ts. */
import { databaseMatrix } from '@lutra/testing';
import { serverSuite } from './server-suite.ts';

serverSuite(await databaseMatrix(['mariadb-11.8']));
