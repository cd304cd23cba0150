import type { Clock } from '@lutra/model';
import type { Secrets } from '@lutra/service-kit';
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
  readonly secrets: Secrets;
}): readonly object[] {
  const { store, clock, door, secrets } = parts;
  return [
    new DataSourceService(parts),
    new DataSourceChecker(store, clock, secrets),
    new PrimarySwitch(parts),
    new TableLookup(store, door),
  ];
}
