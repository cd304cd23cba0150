import { SyncError } from '@lutra/model';

/** What is kept at a target is named by its pipeline and its id there, since only the pipeline says where to look. */
export interface TargetResourceAddress {
  readonly pipelineId: string;
  readonly id: string;
}

export const targetResourceId = ({ pipelineId, id }: TargetResourceAddress): string => `${pipelineId}.${id}`;

/** The reverse; `form` is what an id looks like at the target. Throws RESOURCE_NOT_FOUND. */
export function parseTargetResourceId(
  text: string,
  { form, kind }: { readonly form: RegExp; readonly kind: string },
): TargetResourceAddress {
  const at = text.lastIndexOf('.');
  const address = { pipelineId: text.slice(0, Math.max(0, at)), id: text.slice(at + 1) };
  if (address.pipelineId !== '' && form.test(address.id)) return address;
  throw new SyncError('RESOURCE_NOT_FOUND', { problem: `There is no ${kind} with id ${text}`, id: text });
}
