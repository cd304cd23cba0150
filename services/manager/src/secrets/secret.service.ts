import type { Secrets } from '@lutra/service-kit';
import type { Plain } from '../http/plain.ts';
import { DefinitionEntity } from '../publishing/definition.entity.ts';
import type { Store } from '../store/store.ts';
import { readSealedRows, SEALED_KINDS } from './sealed-rows.ts';
import type { SealedKind } from './sealed-rows.ts';
import type { SecretKeyDto, SecretsDto } from './secret.dto.ts';

type Counts = Record<SealedKind, number>;

/** Tells under which keys secrets stand, so that people know when an old key may go. */
export class SecretService {
  constructor(
    private readonly store: Store,
    private readonly secrets: Secrets,
  ) {}

  get(): Promise<Plain<SecretsDto>> {
    return this.store.run(async (manager) => {
      const rows = await readSealedRows(manager);
      const unpublished = await manager.countBy(DefinitionEntity, { isPublished: false, isRemoved: false });
      const known = this.secrets.keyIds;
      const counts = new Map<string | null, Counts>(known.map((id) => [id, none()]));
      let references = 0;
      for (const { kind, kept } of rows)
        for (const one of kept) {
          const id = this.idOf(one);
          // The definitions' secrets are those of the data sources and mappings again.
          if (id === 'reference') references += kind === 'definitions' ? 0 : 1;
          else countsOf(counts, id)[kind] += 1;
        }
      const keys = [...counts].map(([id, count]): SecretKeyDto => {
        const state = id === known[0] ? 'newest' : known.some((one) => one === id) ? 'older' : 'missing';
        const isEmpty = SEALED_KINDS.every((kind) => count[kind] === 0);
        return { id, state, ...count, mayBeRemoved: state === 'older' && isEmpty && unpublished === 0 };
      });
      return { keys, references, unpublished };
    });
  }

  /** Null = no key of this manager opens it, and it does not say which one would. */
  private idOf(kept: string): string | null {
    try {
      return this.secrets.keyIdOf(kept) ?? 'reference';
    } catch {
      return null;
    }
  }
}

const none = (): Counts => ({ dataSources: 0, receivers: 0, removals: 0, mappings: 0, definitions: 0 });

function countsOf(counts: Map<string | null, Counts>, id: string | null): Counts {
  const found = counts.get(id) ?? none();
  counts.set(id, found);
  return found;
}
