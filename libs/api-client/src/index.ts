export { ApiClient } from './api-client.ts';
export { ApiProblem } from './api-problem.ts';
export type {
  ColumnSelectionDto,
  CommandRequestDto,
  DeadLetterListDto,
  MappingCreateDto,
  PipelineStateDto as PipelineView,
  Routes,
} from './generated/routes.ts';
