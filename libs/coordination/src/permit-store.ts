import type { Permit } from '@lutra/model';
import type { VersionedPermit } from './coordinator.ts';
import type { Paths } from './paths.ts';
import { isUnreachable } from './session-keeper.ts';
import type { SessionKeeper } from './session-keeper.ts';
import { watchValue } from './watch-value.ts';
import type { NodeContent } from './zookeeper-client.ts';

/** Permits as JSON, changed by compare-and-set on the node's version. */
export class PermitStore {
  constructor(
    private readonly keeper: SessionKeeper,
    private readonly paths: Paths,
  ) {}

  read(pipelineId: string): Promise<VersionedPermit | null> {
    return this.keeper.run(async (client) => {
      const content = await client.read(this.paths.permit(pipelineId));
      return content === null ? null : { permit: toPermit(content), version: content.version };
    });
  }

  watch(pipelineId: string, signal: AbortSignal): AsyncIterable<Permit | null> {
    const path = this.paths.permit(pipelineId);
    return watchValue(
      this.keeper,
      async (client, onChange) => {
        const content = await client.read(path, onChange);
        return content === null ? null : toPermit(content);
      },
      signal,
    );
  }

  /** When the answer to the write is lost, the node tells whether it arrived: it holds what we wrote, as the next version. */
  async write(pipelineId: string, permit: Permit, version: number | null): Promise<boolean> {
    const path = this.paths.permit(pipelineId);
    const wanted = JSON.stringify(permit);
    let isDoubtful = false;
    return this.keeper.run(async (client) => {
      if (isDoubtful) {
        const content = await client.read(path);
        const writtenVersion = version === null ? 0 : version + 1;
        if (content?.version === writtenVersion && content.data.toString('utf8') === wanted) return true;
      }
      try {
        if (version === null) return (await client.create(path, wanted, 'persistent')) !== null;
        return await client.write(path, wanted, version);
      } catch (error) {
        isDoubtful ||= isUnreachable(error);
        throw error;
      }
    });
  }
}

const toPermit = (content: NodeContent): Permit => JSON.parse(content.data.toString('utf8')) as Permit;
