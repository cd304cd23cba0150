import type { PipelineDefinition } from '@lutra/model';
import { writerOptions } from './row-collector.ts';

/**
 * Whether two revisions send every row to the same table in the same lane, as far as definitions tell. Policies and weights
 * do not matter: after a refused row a person edits just these, while lanes stand at different places.
 */
export function sendsRowsAlike(one: PipelineDefinition, other: PipelineDefinition): boolean {
  return lanesOf(one) === lanesOf(other);
}

const lanesOf = (definition: PipelineDefinition): string =>
  JSON.stringify([
    definition.mappings.map(({ source, target, columns }) => [source, target, columns]),
    // A missing key, or tables tied by foreign keys, are written by one lane.
    writerOptions(definition),
  ]);
