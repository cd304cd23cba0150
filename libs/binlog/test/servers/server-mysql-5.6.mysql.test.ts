/** Goal: MySQL 5.6, which stands for 5.7: no row metadata, no commit times, seconds only is read whole, and nothing is lost or doubled whatever happens to it. Method: server-suite.ts. */
import { databaseMatrix } from '@lutra/testing';
import { serverSuite } from './server-suite.ts';

serverSuite(await databaseMatrix(['mysql-5.6']));
