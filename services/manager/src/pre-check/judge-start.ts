import type { DonePlace, PipelineDefinition } from '@lutra/model';
import type { Finding } from './finding.ts';
import type { StartFacts } from './pre-check-facts.ts';

/** A GTID set of an old installation names many servers. */
const PLACE_CHARS_MAX = 200;

/** Whether the source still has the log that the pipeline would read first. */
export function judgeStart({ id }: PipelineDefinition, start: StartFacts | null): Finding[] {
  if (start === null) return [];
  const { done, isReached, oldest } = start;
  const place = textOf(done);
  const choices = isReached
    ? 'Restore the purged files; or make a server that still has them the first of the data source; or copy the mapped tables ' +
      `anew and go on with the earliest log that there is (PAUSE, then POST /api/v1/pipelines/${id}/positions/rewind with ` +
      `${JSON.stringify({ to: oldest, reason: 'copied anew' })})`
    : 'Restore the purged files; or begin with the earliest log that there is (PATCH ' +
      `/api/v1/pipelines/${id} with ${JSON.stringify({ start: oldest })}) and copy the rows of before. A pipeline whose ` +
      'checkpoint is in the target already goes on there, whatever its start says';
  const explanation = `The source has purged log behind ${place}, where the pipeline ${isReached ? 'goes on' : 'is to start'}. ${choices}`;
  return [
    {
      ...{ code: 'START_PURGED', severity: isReached ? 'error' : 'warning', explanation, statements: [] },
      subject: { place: 'source', name: place },
    },
  ];
}

function textOf(done: DonePlace): string {
  if (done.kind === 'file') return `${done.file}:${String(done.offset)}`;
  const gtids = done.kind === 'mysqlGtid' ? done.gtidSet : done.gtidList;
  if (gtids === '') return 'the beginning';
  return gtids.length > PLACE_CHARS_MAX ? `${gtids.slice(0, PLACE_CHARS_MAX)}…` : gtids;
}
