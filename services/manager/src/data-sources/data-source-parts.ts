import type { Clock } from '@lutra/model';
import type { Access } from '../access/access.ts';
import { TableLookup } from '../lookups/table-lookup.ts';
import type { Publisher } from '../publishing/publisher.ts';
import type { Store } from '../store/store.ts';
import type { TargetDoor } from '../targets/target-door.ts';
import { DataSourceChecker } from './check-data-source.ts';
import { DataSourceService } from './data-source.service.ts';
import { PrimarySwitch } from './switch-primary.ts';

/** What concerns data sources: what is stored of them, and what is asked at them. */
export function buildDataSources(parts: {
  readonly store: Store;
  readonly clock: Clock;
  readonly publisher: Publisher;
  readonly door: TargetDoor;
  readonly access: Access;
  /** LUTRA_SECRET_KEY: seals and opens passwords. */
  readonly secretKey: string;
}): readonly object[] {
  const { store, clock, door, secretKey } = parts;
  return [
    new DataSourceService(parts),
    new DataSourceChecker(store, clock, secretKey),
    new PrimarySwitch(parts),
    new TableLookup(store, door),
  ];
}
