import { Ajv2020 } from 'ajv/dist/2020.js';
import { answerOf } from '../src/api-document/api-document.ts';
import type { ApiDocument, Operation, Schema } from '../src/api-document/api-document.ts';

const TIME = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d)?$/;
const ROOT = 'api';

export interface GivenAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: unknown;
}

export interface ApiOperation {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

/** The document as a judge of values: one validator with all its schemas. */
export class ApiSchemas {
  private readonly ajv = new Ajv2020({ strict: false, allErrors: true });

  constructor(readonly document: ApiDocument) {
    this.ajv.addFormat('date-time', TIME);
    this.ajv.addSchema({ $id: ROOT, components: document.components });
  }

  operations(): readonly ApiOperation[] {
    return Object.entries(this.document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
    );
  }

  /** What the document has against an answer of the route; '' = it is as described. */
  complaintAbout({ method, path, operation }: ApiOperation, answer: GivenAnswer): string {
    const { status, body, headers } = answer;
    const described = answerOf(this.document, operation, status);
    if (described === undefined) return `${method} ${path} does not tell of ${String(status)}`;
    if (described.content === undefined) return answer.text === '' ? '' : `${method} ${path} answers with a body`;
    const type = (headers.get('content-type') ?? '').split(';')[0] ?? '';
    const content = described.content[type];
    if (content === undefined) return `${method} ${path} ${String(status)} does not tell of the type '${type}'`;
    const complaint = type.endsWith('json') ? this.complaint(content.schema, body) : '';
    return complaint === '' ? '' : `${method} ${path} ${String(status)}: ${complaint}`;
  }

  /** What the schema has against the value; '' = nothing. */
  complaint(schema: Schema, value: unknown): string {
    const complete = JSON.parse(JSON.stringify(schema).replaceAll('"#/components/', `"${ROOT}#/components/`)) as object;
    const isValid = this.ajv.validate(complete, value);
    return isValid ? '' : this.ajv.errorsText();
  }
}
