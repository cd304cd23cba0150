import type { EntityManager } from 'typeorm';
import type { Processors } from '@lutra/mapping';
import { SyncError } from '@lutra/model';
import type { Clock } from '@lutra/model';
import type { Secrets } from '@lutra/service-kit';
import { noChannelNamed } from '../access/access.ts';
import type { Access } from '../access/access.ts';
import type { Caller } from '../http/token.guard.ts';
import type { Removable, RemovalGate } from '../pipelines/removal-gate.ts';
import type { Publisher } from '../publishing/publisher.ts';
import type { Store } from '../store/store.ts';
import { applyDocument } from './apply-document.ts';
import { channelDocumentOf, documentTag } from './channel-document.ts';
import type { ChannelDocument } from './channel-document.ts';
import type { DocumentPlanDto, DocumentQuery } from './document.dto.ts';
import { LargeYamlReader } from './large-yaml-reader.ts';
import { readDocument } from './read-document.ts';
import type { WantedChannel } from './read-document.ts';
import { findChannel, readChannel } from './stored-channel.ts';
import { writeYaml } from './yaml-text.ts';

/** A channel as one text, to be kept beside the code: written out, and applied as a whole or not at all. */
export class DocumentService {
  private readonly yaml = new LargeYamlReader();

  constructor(
    private readonly parts: {
      readonly store: Store;
      readonly clock: Clock;
      readonly publisher: Publisher;
      readonly gate: RemovalGate;
      readonly access: Access;
      readonly secrets: Secrets;
      readonly processors: Processors;
    },
  ) {}

  /** YAML, and the tag that If-Match is compared with. Throws RESOURCE_NOT_FOUND. */
  get(name: string): Promise<{ readonly text: string; readonly tag: string }> {
    return this.parts.store.run(async (manager) => {
      const document = await documentOf(manager, name);
      if (document === null) throw noChannelNamed(name);
      return { text: writeYaml(document), tag: documentTag(document) };
    });
  }

  /**
   * Makes the channel what the document says: in one transaction, under the rules of single requests. `body` is YAML, or data
   * that was JSON. With dryRun nothing stays. Throws REQUEST_INVALID, RESOURCE_CONFLICT, CONFIRMATION_MISSING and what the rules
   * of mappings throw.
   */
  async put(
    name: string,
    { body, query }: { readonly body: unknown; readonly query: DocumentQuery },
    by: { readonly caller: Caller; readonly ifMatch: string | undefined },
  ): Promise<DocumentPlanDto> {
    const { store, clock, publisher, gate, access, secrets, processors } = this.parts;
    const regexes = await this.storedRegexes(name);
    const isStored = (regex: string): boolean => regexes.has(regex);
    const data = typeof body === 'string' ? await this.yaml.read(body) : body;
    const wanted = await readDocument(data, name, { isStored, processors });
    const [dryRun, isPruning] = [query.dryRun === 'true', query.prune === 'true'];
    const removable = isPruning ? await this.removable(wanted, query) : new Map<string, Removable>();
    const dataSourceIds = await access.dataSourceIds(by.caller);
    const work = async (manager: EntityManager): Promise<DocumentPlanDto> => {
      const document = await documentOf(manager, name);
      // It was there a moment ago: who is limited to channels makes none.
      if (document === null && by.caller.channelIds !== null) throw noChannelNamed(name);
      requireTag(document, by.ifMatch);
      const steps = await applyDocument(manager, wanted, {
        ...{ caller: by.caller, at: clock.now(), isPruning, confirm: query.confirm },
        removable,
        requireStopped: (id) => gate.requireStopped(id),
        dataSourceIds,
        secrets,
      });
      return { dryRun, steps };
    };
    if (dryRun) return store.rehearse(work);
    const plan = await store.change(work);
    publisher.wake();
    return plan;
  }

  /** Expressions that the channel has already: a document that repeats them is not refused for them. */
  private storedRegexes(name: string): Promise<ReadonlySet<string>> {
    return this.parts.store.run(async (manager) => {
      const channel = await findChannel(manager, name);
      const stored = channel === null ? [] : (await readChannel(manager, channel)).pipelines;
      const names = stored.flatMap(({ mappings }) =>
        mappings.flatMap(({ source: { schema, table } }) => (typeof schema === 'string' ? [table] : [schema, table])),
      );
      return new Set(names.flatMap((each) => ('regex' in each ? [each.regex] : [])));
    });
  }

  /** Asked before the transaction: targets may be slow, and others wait for its lock. */
  private async removable(
    { name, pipelines }: WantedChannel,
    { discardDeadLetters }: DocumentQuery,
  ): Promise<ReadonlyMap<string, Removable>> {
    const { store, gate } = this.parts;
    const stored = await store.run(async (manager) => {
      const channel = await findChannel(manager, name);
      return channel === null ? [] : (await readChannel(manager, channel)).pipelines;
    });
    const names = new Set(pipelines.map((pipeline) => pipeline.name));
    const removable = new Map<string, Removable>();
    for (const { pipeline } of stored)
      if (!names.has(pipeline.name)) {
        const wish = { discardDeadLetters: discardDeadLetters === 'true' };
        removable.set(pipeline.id, await gate.require(pipeline.id, wish));
      }
    return removable;
  }
}

async function documentOf(manager: EntityManager, name: string): Promise<ChannelDocument | null> {
  const channel = await findChannel(manager, name);
  return channel === null ? null : channelDocumentOf(await readChannel(manager, channel));
}

/** '*' asks for a channel that is there, whatever it says. */
function requireTag(document: ChannelDocument | null, ifMatch: string | undefined): void {
  if (ifMatch === undefined) return;
  const tags = ifMatch.split(',').map((tag) => tag.trim().replace(/^W\//, '').replaceAll('"', ''));
  if (document !== null && (tags.includes('*') || tags.includes(documentTag(document)))) return;
  const problem = 'The channel was changed meanwhile, or is not there: read its document again';
  throw new SyncError('RESOURCE_CONFLICT', { problem, ifMatch });
}
