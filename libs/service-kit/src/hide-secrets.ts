import { readSecretReference } from '@lutra/model';
import type { RawEnvironment } from './load-env.ts';

const HIDDEN = '***';
const DEPTH_MAX = 8;
/** A shorter one would hide ordinary words. */
const SECRET_CHARS_MIN = 6;
const SECRET_NAME = /pass(word|wd|phrase)?$|secret|token|authorization|credential|cookie|private_?key|api_?key|auth$/i;
const SECRET_VARIABLE = /PASSWORD|SECRET|TOKEN|_AUTH$|_KEY$/;
/** Paths, and names of what is secret: whoever looks for a file that is missing has to read them. */
const NO_SECRET = /_FILE$|_REFERENCES$/;
/** Between user and host of an address, and behind the name of a scheme of HTTP. */
const IN_ADDRESS = /(\b[a-z][\w+.-]*:\/\/[^\s:/@]*):[^\s@]+@/gi;
const BEARER = /\b(Bearer|Basic)\s+[\w.~+/=-]+/g;

/**
 * A value of JSON without secrets: what a name says is one, what follows Bearer or stands in front of an @ in an address,
 * and every text of `secrets` wherever it appears.
 */
export function hideSecrets(value: unknown, secrets: readonly string[], depth = 0): unknown {
  if (typeof value === 'string') return hideInText(value, secrets);
  if (typeof value !== 'object' || value === null) return value;
  if (depth >= DEPTH_MAX) return HIDDEN;
  if (Array.isArray(value)) return value.map((each) => hideSecrets(each, secrets, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [
      name,
      SECRET_NAME.test(name) && each !== null ? HIDDEN : hideSecrets(each, secrets, depth + 1),
    ]),
  );
}

/**
 * The secrets of an environment, longest first: the values of the variables whose names say so, of 'user:password' the
 * password too, of a list of keys each; and what the references of LUTRA_SECRET_REFERENCES may stand for in `environment`.
 */
export function secretsOf(env: object, environment: RawEnvironment = {}): string[] {
  const named = Object.entries(env).flatMap(([name, value]: [string, unknown]) =>
    typeof value === 'string' && SECRET_VARIABLE.test(name) && !NO_SECRET.test(name) ? partsOf(name, value) : [],
  );
  const { LUTRA_SECRET_REFERENCES: references } = env as { readonly LUTRA_SECRET_REFERENCES?: unknown };
  const prefixes = (typeof references === 'string' ? references.split(',') : []).flatMap((text) => {
    const reference = readSecretReference(text);
    return reference?.kind === 'env' ? [reference.name] : [];
  });
  const referred = Object.entries(environment).flatMap(([name, value]) =>
    value !== undefined && prefixes.some((prefix) => name.startsWith(prefix)) ? [value] : [],
  );
  const secrets = new Set([...named, ...referred].filter((text) => text.length >= SECRET_CHARS_MIN));
  // One may begin with another: what is left of it would be shown.
  return [...secrets].sort((one, other) => other.length - one.length);
}

function partsOf(name: string, value: string): string[] {
  if (name.endsWith('_KEY')) return value.split(',');
  if (name.endsWith('_AUTH')) return [value, value.slice(value.indexOf(':') + 1)];
  return [value];
}

function hideInText(text: string, secrets: readonly string[]): string {
  let shown = text.replaceAll(IN_ADDRESS, `$1:${HIDDEN}@`).replaceAll(BEARER, `$1 ${HIDDEN}`);
  for (const secret of secrets) shown = shown.replaceAll(secret, HIDDEN);
  return shown;
}
