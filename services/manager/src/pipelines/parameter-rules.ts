import { DEFAULT_PARAMETERS, SyncError } from '@lutra/model';
import type { PipelineParameters } from '@lutra/model';
import { fieldRefusal } from '../http/refuse-field.ts';
import { CONFIRMATION } from './pipeline.dto.ts';

/** Refuses parameters of which one would promise what another one makes impossible. Throws REQUEST_INVALID. */
export function checkParameters(given: Partial<PipelineParameters>): void {
  const { applyMode, keepTransactions } = { ...DEFAULT_PARAMETERS, ...given };
  if (keepTransactions && applyMode !== 'transactional') {
    throw fieldRefusal(
      'parameters.keepTransactions',
      `parameters.keepTransactions belongs to applyMode transactional: applyMode ${applyMode} keeps no transactions`,
    );
  }
}

/** The end of a dry run is the beginning of writing: nobody should set that off unawares. Throws CONFIRMATION_MISSING. */
export function requireConfirmation(
  { name, parameters }: { readonly name: string; readonly parameters: Partial<PipelineParameters> },
  wanted: Partial<PipelineParameters>,
  confirm: string | undefined,
): void {
  if (parameters.dryRun !== true || wanted.dryRun === true || confirm === CONFIRMATION) return;
  const problem =
    `With dryRun switched off, pipeline ${name} begins to write: from its checkpoint at the target on, so that everything ` +
    'that was only reported since then is applied now, DDL included. ' +
    `Send confirm: '${CONFIRMATION}' with the change when that is meant`;
  throw new SyncError('CONFIRMATION_MISSING', { problem });
}
