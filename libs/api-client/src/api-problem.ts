/** The manager answered with a problem document (RFC 9457), or with something that is none. */
export class ApiProblem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    request: string,
  ) {
    super(`${request}: ${String(status)} ${code} ${detail}`);
  }
}

/** The error for an answer that is no success; `request` = '<method> <path>', for the message. */
export function problemOf(status: number, text: string, request: string): ApiProblem {
  try {
    const problem = JSON.parse(text) as { code?: string; detail?: string; title?: string };
    return new ApiProblem(status, problem.code ?? '', problem.detail ?? problem.title ?? '', request);
  } catch {
    return new ApiProblem(status, '', text.slice(0, DETAIL_CHARS_MAX), request);
  }
}

const DETAIL_CHARS_MAX = 500;
