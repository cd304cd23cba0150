import { MethodNotAllowedException, NotAcceptableException, UnsupportedMediaTypeException } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ApiDocument, Operation } from '../api-document/api-document.ts';

const YAML_TYPE = 'application/yaml';
export const YAML_TYPES = [YAML_TYPE, 'application/x-yaml', 'text/yaml'];

/** What one method of an address takes and makes. */
interface Form {
  readonly taken: readonly string[];
  readonly made: readonly string[];
}

interface Address {
  readonly pattern: RegExp;
  /** By method in capital letters. */
  readonly forms: ReadonlyMap<string, Form>;
}

type Next = (error?: unknown) => void;

/**
 * Answers what is about the form of a request and not about its content, as the document says it: OPTIONS and a method that
 * the address does not have (405) with Allow, an answer that the client would not take (406), a body of another type (415).
 */
export function requestForms(
  document: () => ApiDocument,
): (request: IncomingMessage, response: ServerResponse, next: Next) => void {
  let addresses: ReadonlyMap<string, readonly Address[]> | undefined;
  return (request, response, next) => {
    addresses ??= addressesOf(document());
    const path = request.url?.split('?')[0] ?? '';
    // Several, where a word stands in the place of an id: '/dead-letters/retry' and '/dead-letters/{id}'.
    const here = (addresses.get(chapterOf(path)) ?? []).filter(({ pattern }) => pattern.test(path));
    const method = request.method === 'HEAD' ? 'GET' : (request.method ?? '');
    const forms = here.flatMap((address) => address.forms.get(method) ?? []);
    if (here.length > 0 && forms.length === 0) {
      response.setHeader('allow', allowOf(here.flatMap((address) => [...address.forms.keys()])));
      if (method !== 'OPTIONS') {
        next(new MethodNotAllowedException());
        return;
      }
      response.statusCode = 204;
      response.end();
      return;
    }
    next(forms.length === 0 ? undefined : refusalOf(request, forms));
  };
}

/** By chapter: a request is compared with the few addresses of its own. */
function addressesOf({ paths }: ApiDocument): ReadonlyMap<string, readonly Address[]> {
  const chapters = new Map<string, Address[]>();
  for (const [path, methods] of Object.entries(paths)) {
    // As the router reads addresses: in any case of letters, a slash at the end or none.
    const pattern = new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}/?$`, 'i');
    const forms = new Map(
      Object.entries(methods).map(([method, operation]) => [method.toUpperCase(), formOf(operation)]),
    );
    const chapter = chapters.get(chapterOf(path)) ?? [];
    chapters.set(chapterOf(path), [...chapter, { pattern, forms }]);
  }
  return chapters;
}

/** 'pipelines' of '/api/v1/pipelines/{id}': no address has a parameter before that. */
const chapterOf = (path: string): string => (path.split('/', 4)[3] ?? '').toLowerCase();

const formOf = ({ requestBody, responses }: Operation): Form => ({
  taken: requestBody === undefined ? [] : Object.keys(requestBody.content),
  made: Object.values(responses).flatMap((answer) => ('content' in answer ? Object.keys(answer.content ?? {}) : [])),
});

function allowOf(methods: readonly string[]): string {
  const more = methods.includes('GET') ? ['HEAD', 'OPTIONS'] : ['OPTIONS'];
  return [...new Set([...methods, ...more])].toSorted().join(', ');
}

function refusalOf(request: IncomingMessage, forms: readonly Form[]): Error | undefined {
  if (!accepts(request.headers.accept, forms)) return new NotAcceptableException();
  const { headers } = request;
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  const taken = forms.flatMap((form) => form.taken);
  if (!hasBody || taken.length === 0 || taken.includes(essenceOf(headers['content-type'] ?? ''))) return undefined;
  return new UnsupportedMediaTypeException();
}

/** A client that names no type takes any; errors come as they are, whatever it takes. */
function accepts(accept: string | undefined, forms: readonly Form[]): boolean {
  if (accept === undefined || accept.trim() === '') return true;
  const made = forms.flatMap((form) => form.made);
  const wanted = accept
    .split(',')
    .filter((range) => !/;\s*q=0(\.0*)?\s*(;|$)/.test(range))
    .map(essenceOf);
  return (
    made.length === 0 || wanted.some((range) => range === '*/*' || range === 'application/*' || made.includes(range))
  );
}

/** The type without its parameters; YAML goes by three names. */
function essenceOf(type: string): string {
  const essence = (type.split(';')[0] ?? '').trim().toLowerCase();
  return YAML_TYPES.includes(essence) ? YAML_TYPE : essence;
}
