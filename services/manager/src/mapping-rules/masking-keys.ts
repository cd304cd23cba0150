import { createHash } from 'node:crypto';
import { must, readSecretReference } from '@lutra/model';
import type { ColumnRule, ColumnStep, MappingRules, MaskingKey } from '@lutra/model';
import type { Secrets } from '@lutra/service-kit';
import { fieldRefusal } from '../http/refuse-field.ts';
import { keepSecret } from '../secrets/keep-secret.ts';
import type { GivenKey } from './field-checks.ts';
import type { GivenRules, GivenStep } from './read-rules.ts';

/** Where a key belongs: the first hash of column `email` stays that, whatever else changes. */
type KeyPlace = string;

/**
 * Rules as they are kept: keys sealed, or references. A key that was not given is the one that the mapping has at the same
 * place: column, kind of step and number among those. The same key again keeps its sealed text, so that saying the same
 * changes nothing. Throws REQUEST_INVALID with the field when there is none, or a reference is not allowed.
 */
export function keepKeys(
  rules: GivenRules | null,
  { present, secrets }: { readonly present: MappingRules | null; readonly secrets: Secrets },
): MappingRules | null {
  if (rules === null) return null;
  const { columns, ...rest } = rules;
  if (columns === undefined) return rest;
  const there = new Map<KeyPlace, MaskingKey>();
  for (const { place, key } of placedKeys<MaskingKey>(present?.columns ?? [])) there.set(place, key);
  const kept = new Map<object, MaskingKey>();
  for (const { place, key, step, field } of placedKeys<GivenKey | undefined>(columns)) {
    const standing = there.get(place);
    kept.set(step, keptKey(key, { standing, secrets, field }));
  }
  const stepOf = (step: GivenStep): ColumnStep =>
    'key' in step ? withKey(step, must(kept.get(step), 'each step with a key was placed')) : step;
  return { ...rest, columns: columns.map((rule) => withSteps(rule, stepOf)) };
}

/** All keys, as they are kept. */
export const keysOf = (rules: MappingRules | null | undefined): readonly MaskingKey[] =>
  placedKeys<MaskingKey>(rules?.columns ?? []).map(({ key }) => key);

/** The same rules with other keys. */
export function replaceKeys(rules: MappingRules, replace: (key: MaskingKey) => MaskingKey): MappingRules {
  if (rules.columns === undefined) return rules;
  const stepOf = (step: ColumnStep): ColumnStep => ('key' in step ? { ...step, key: replace(step.key) } : step);
  return { ...rules, columns: rules.columns.map((rule) => withSteps(rule, stepOf)) };
}

/** Rules as people see them: a key is its reference, or {set: true}. */
export function showRules(rules: MappingRules): GivenRules {
  const { columns, ...rest } = rules;
  if (columns === undefined) return rest;
  const stepOf = (step: ColumnStep): GivenStep => ('key' in step ? withKey(step, shownKey(step.key)) : step);
  return { ...rest, columns: columns.map((rule) => withSteps(rule, stepOf)) };
}

/** Rules as revisions and differences tell of them: a key is its reference, or a mark that is another whenever the kept key is. */
export const markRules = (rules: MappingRules): MappingRules => replaceKeys(rules, markedKey);

const markedKey = (key: MaskingKey): MaskingKey =>
  readSecretReference(key) === null ? `mark ${createHash('sha256').update(key).digest('hex').slice(0, 16)}` : key;

const shownKey = (key: MaskingKey): GivenKey => (readSecretReference(key) === null ? { set: true } : key);

function keptKey(
  given: GivenKey | undefined,
  { standing, secrets, field }: { standing: MaskingKey | undefined; secrets: Secrets; field: string },
): MaskingKey {
  if (typeof given === 'string')
    return standing !== undefined && isSame(given, standing, secrets) ? standing : keepSecret(secrets, field, given);
  if (standing !== undefined) return standing;
  throw fieldRefusal(field, `${field} is needed: this column of the mapping has no such key yet that could stay`);
}

function isSame(given: string, standing: MaskingKey, secrets: Secrets): boolean {
  if (readSecretReference(standing) !== null || readSecretReference(given) !== null) return given === standing;
  try {
    return secrets.open(standing) === given;
  } catch {
    // No key of this manager opens it: the new one takes its place.
    return false;
  }
}

/** A step whose key, if it has one, is a K. */
type AnyStep<K> =
  | Exclude<ColumnStep, { readonly key: string }>
  | { readonly kind: 'hash'; readonly key: K; readonly length?: number }
  | { readonly kind: 'token'; readonly key: K };

function withKey<K>(step: Readonly<{ kind: 'hash' | 'token'; length?: number }>, key: K) {
  return step.kind === 'hash'
    ? { kind: step.kind, key, ...(step.length === undefined ? {} : { length: step.length }) }
    : { kind: step.kind, key };
}

const withSteps = <A, B>(
  { steps, ...rule }: Omit<ColumnRule, 'steps'> & { readonly steps?: readonly A[] },
  stepOf: (step: A) => B,
): Omit<ColumnRule, 'steps'> & { readonly steps?: readonly B[] } =>
  steps === undefined ? rule : { ...rule, steps: steps.map(stepOf) };

interface PlacedKey<K> {
  readonly place: KeyPlace;
  readonly key: K;
  /** For messages. */
  readonly field: string;
  readonly step: object;
}

/** Every key with its place, in order. */
function placedKeys<K>(
  columns: readonly { readonly target: string; readonly steps?: readonly AnyStep<K>[] }[],
): PlacedKey<K>[] {
  const found: PlacedKey<K>[] = [];
  for (const [index, { target, steps }] of columns.entries()) {
    const counts = { hash: 0, token: 0 };
    for (const [at, step] of (steps ?? []).entries()) {
      if (!('key' in step)) continue;
      counts[step.kind] += 1;
      const place = `${target.toLowerCase()} ${step.kind} ${String(counts[step.kind])}`;
      const field = `rules.columns.${String(index)}.steps.${String(at)}.key`;
      found.push({ place, key: step.key, field, step });
    }
  }
  return found;
}
