import { CreateTables1795200000000 } from './create-tables-1795200000000.ts';

/** All migrations, oldest first. A migration that was released is never changed. */
export const MIGRATIONS = [CreateTables1795200000000] as const;
