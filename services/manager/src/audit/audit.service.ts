import type { Store } from '../store/store.ts';
import { AuditEntryEntity } from './audit-entry.entity.ts';
import type { AuditEntryDto, AuditListDto, AuditQuery } from './audit.dto.ts';

/** Reads what was written through the API. */
export class AuditService {
  constructor(private readonly store: Store) {}

  async list({ page, pageSize, resourceId }: AuditQuery): Promise<AuditListDto> {
    const [entries, total] = await this.store.read(AuditEntryEntity, (rows) =>
      rows.findAndCount({
        where: resourceId === undefined ? {} : { resourceId },
        order: { id: 'DESC' },
        skip: (page - 1) * pageSize,
        take: pageSize,
      }),
    );
    return { items: entries.map(dtoOf), total };
  }
}

function dtoOf({ id, at, who, action, resource, resourceId, before, after }: AuditEntryEntity): AuditEntryDto {
  return { id, at: at.toISOString(), who, action, resource, resourceId, before, after };
}
