import { SERVICES } from '@lutra/model';
import type { Coordinator } from '@lutra/coordination';
import type { InstanceListDto } from './instance.dto.ts';

/** The instances of all services that are alive, as ZooKeeper knows them. */
export class InstanceService {
  constructor(private readonly coordinator: Coordinator) {}

  async list(): Promise<InstanceListDto> {
    const members = await Promise.all(SERVICES.map((service) => this.coordinator.members(service)));
    const items = members.flatMap((ofService) => ofService.toSorted((a, b) => a.instance.localeCompare(b.instance)));
    return { items, total: items.length };
  }
}
