/** A secret that is kept elsewhere: in a variable or in a file of the machine where it is used. */
export type SecretReference =
  { readonly kind: 'env'; readonly name: string } | { readonly kind: 'file'; readonly path: string };

const KINDS = /^(env|file):(.*)$/s;

/** Reads 'env:NAME' and 'file:/path'; null = the text is no reference. What it names may not be there. */
export function readSecretReference(text: string): SecretReference | null {
  const [, kind, rest = ''] = KINDS.exec(text) ?? [];
  if (kind === 'env') return { kind, name: rest };
  return kind === 'file' ? { kind, path: rest } : null;
}
