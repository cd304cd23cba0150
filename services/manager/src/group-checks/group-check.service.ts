import { findMapping } from '../mappings/mapping.service.ts';
import type { MappingAddress } from '../mappings/mapping.service.ts';
import type { Store } from '../store/store.ts';
import type { GroupCheckAnswerDto } from './group-check.dto.ts';
import { GroupCheckEntity } from './group-check.entity.ts';

/** What comparisons of groups have found. */
export class GroupCheckService {
  constructor(private readonly store: Store) {}

  /** Throws RESOURCE_NOT_FOUND. */
  async last(address: MappingAddress): Promise<GroupCheckAnswerDto> {
    const found = await this.store.run(async (manager) => {
      const { id } = await findMapping(manager, address);
      return manager.findOneBy(GroupCheckEntity, { mappingId: id });
    });
    if (found === null) return { last: null };
    const { checkedAt, outcome, reason, groups, differing, unsettled, examples } = found;
    const rest = { outcome, reason, groups, differing, unsettled, examples: examples.map((each) => ({ ...each })) };
    return { last: { checkedAt: checkedAt.toISOString(), ...rest } };
  }
}
