import { MethodNotAllowedException, NotAcceptableException, UnsupportedMediaTypeException } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ApiDocument, Operation } from '../api-document/api-document.ts';

const YAML_TYPE = 'application/yaml';
export const YAML_TYPES = [YAML_TYPE, 'application/x-yaml', 'text/yaml'];

interface Address {
  readonly pattern: RegExp;
  /** By method in capital letters. */
  readonly operations: ReadonlyMap<string, Operation>;
}

type Next = (error?: unknown) => void;

/**
 * Answers what is about the form of a request and not about its content, as the document says it: OPTIONS and a method that
 * the address does not have (405) with Allow, an answer that the client would not take (406), a body of another type (415).
 */
export function requestForms(
  document: () => ApiDocument,
): (request: IncomingMessage, response: ServerResponse, next: Next) => void {
  let addresses: readonly Address[] | undefined;
  return (request, response, next) => {
    addresses ??= addressesOf(document());
    const path = request.url?.split('?')[0] ?? '';
    // Several, where a word stands in the place of an id: '/dead-letters/retry' and '/dead-letters/{id}'.
    const here = addresses.filter(({ pattern }) => pattern.test(path)).flatMap(({ operations }) => [...operations]);
    const method = request.method === 'HEAD' ? 'GET' : (request.method ?? '');
    const operations = here.filter(([name]) => name === method).map(([, operation]) => operation);
    if (here.length > 0 && operations.length === 0) {
      response.setHeader('allow', allowOf(here.map(([name]) => name)));
      if (method !== 'OPTIONS') {
        next(new MethodNotAllowedException());
        return;
      }
      response.statusCode = 204;
      response.end();
      return;
    }
    next(operations.length === 0 ? undefined : refusalOf(request, operations));
  };
}

function addressesOf({ paths }: ApiDocument): readonly Address[] {
  return Object.entries(paths).map(([path, methods]) => ({
    // As the router reads addresses: in any case of letters, a slash at the end or none.
    pattern: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}/?$`, 'i'),
    operations: new Map(Object.entries(methods).map(([method, operation]) => [method.toUpperCase(), operation])),
  }));
}

function allowOf(methods: readonly string[]): string {
  const more = methods.includes('GET') ? ['HEAD', 'OPTIONS'] : ['OPTIONS'];
  return [...new Set([...methods, ...more])].toSorted().join(', ');
}

function refusalOf(request: IncomingMessage, operations: readonly Operation[]): Error | undefined {
  if (!accepts(request.headers.accept, operations)) return new NotAcceptableException();
  const { headers } = request;
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  const taken = operations.flatMap(({ requestBody }) =>
    requestBody === undefined ? [] : Object.keys(requestBody.content),
  );
  if (!hasBody || taken.length === 0 || taken.includes(essenceOf(headers['content-type'] ?? ''))) return undefined;
  return new UnsupportedMediaTypeException();
}

/** A client that names no type takes any; errors come as they are, whatever it takes. */
function accepts(accept: string | undefined, operations: readonly Operation[]): boolean {
  if (accept === undefined || accept.trim() === '') return true;
  const made = operations.flatMap(({ responses }) =>
    Object.values(responses).flatMap((answer) => ('content' in answer ? Object.keys(answer.content ?? {}) : [])),
  );
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
