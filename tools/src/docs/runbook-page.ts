import { PIPELINE_CONDITIONS, runbookOfCode, WARNINGS } from '@lutra/model';
import type { ErrorCode, ErrorSpec, RunbookSection, WarningAdvice } from '@lutra/model';
import { SCOPES } from './errors-page.ts';

const INTRODUCTION = `# Runbook

<!-- Generated from libs/model/src (pipeline-condition.ts, warnings.ts, runbook-advice.ts, errors.ts) by \`npm run docs\`: do not edit. -->

For the person on call. Ask the pipeline first:

\`\`\`sh
export LUTRA=http://127.0.0.1:8080 TOKEN=… # address of the manager, API token
curl -sS "$LUTRA/api/v1/pipelines?name=shop" -H "Authorization: Bearer $TOKEN" # finds the id
curl -sS "$LUTRA/api/v1/pipelines/{id}" -H "Authorization: Bearer $TOKEN"      # its field \`runbook\` is the section below
\`\`\`

Put your own names where braces stand. A command answers with its id; \`GET /api/v1/commands/{id}\` says what became of it.
Whatever you do here, nothing is lost and nothing is applied twice, unless the section says so. Only the place in
\`lutra.checkpoint\` at the target is precious: never delete it.

`;

/** The one way that takes more than a command. Its heading is linked to from the advice of codes. */
const ONE_ROW = `## When one row stops a pipeline

\`failure.message\` of the PAUSED pipeline ends with the name that the row has at its source: _(source transaction 0-1-4711, event 0,
row 1)_. Mend what refuses it, if that can be done: the section of the code says how. Otherwise look at the transaction, leave the row
out for ever, and go on:

\`\`\`sh
curl -sS "$LUTRA/api/v1/pipelines/{id}/skips/preview?gtid={gtid}" -H "Authorization: Bearer $TOKEN" # its rows, and its \`hash\`
curl -sS -X POST "$LUTRA/api/v1/pipelines/{id}/skips" -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\
  -d '{"gtid":"{gtid}","row":{"event":0,"row":1},"confirmHash":"{hash}","reason":"…"}'
curl -sS -X POST "$LUTRA/api/v1/pipelines/{id}/commands" -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\
  -d '{"kind":"RESTART","reason":"left out {gtid}"}'
\`\`\`

Without \`row\` all rows of the transaction are left out. The target lacks what was left out, later changes of the same row may be
refused too, and a rewind does not bring it back: \`GET pipelines/{id}/skips\` keeps who decided it and why. A source without GTIDs has no
names to ask for: take the parameter \`onPoison\` = \`deadLetter\`.`;

const AFTER_CLASS: Readonly<Record<ErrorSpec['class'], string>> = {
  retryable: 'passes by itself',
  configuration: 'waits for you',
  poison: 'waits for you',
  internal: 'waits for you',
};

/** docs/runbook.md: a section for each condition of a pipeline, each warning and each error code. */
export function runbookPage(errors: Readonly<Record<string, ErrorSpec>>): string {
  const conditions = Object.values<RunbookSection>(PIPELINE_CONDITIONS).map((section) =>
    [`### ${section.title}`, section.meaning, commandBlock(section.command), `**Then:** ${section.next}`].join('\n\n'),
  );
  const codes = SCOPES.flatMap(([scope, title]) => [
    `## ${title}`,
    ...Object.entries(errors)
      .filter(([, spec]) => spec.scope === scope)
      .map(([code]) => codeSection(code as ErrorCode)),
  ]);
  const warnings = Object.entries<WarningAdvice>(WARNINGS).map(([code, { meaning, command, next }]) =>
    [`### ${code}`, meaning, commandBlock(command), `**Then:** ${next}`].join('\n\n'),
  );
  const parts = [INTRODUCTION, ONE_ROW, '## States of a pipeline', ...conditions, '## Warnings', ...warnings, ...codes];
  return parts.join('\n\n');
}

function codeSection(code: ErrorCode): string {
  const { title, meaning, workaround, command, next, class: errorClass } = runbookOfCode(code);
  return [
    `### ${title}`,
    `${meaning} _${errorClass}: ${AFTER_CLASS[errorClass]}_`,
    `**Do:** ${filledIn(workaround)}`,
    commandBlock(command),
    `**Then:** ${next}`,
  ].join('\n\n');
}

/** What stands in braces is filled in with the names of the case, in `failure.workaround`. */
const filledIn = (workaround: string): string =>
  workaround.replaceAll(/\{(\w+)\}/g, '_$1_').replaceAll('<', String.raw`\<`);

const API_CALL = /^(GET|POST|PATCH|DELETE) (\S+)(?: (.+))?$/;

function commandBlock(command: string): string {
  const [, method = '', path = '', body] = API_CALL.exec(command) ?? [];
  if (method === '') return `\`\`\`${/^[A-Z]+ /.test(command) ? 'sql' : 'sh'}\n${command}\n\`\`\``;
  const lines = [
    `curl -sS${method === 'GET' ? '' : ` -X ${method}`} "$LUTRA/api/v1/${path}" -H "Authorization: Bearer $TOKEN"`,
  ];
  if (body !== undefined) lines.push(`  -H 'Content-Type: application/json' -d '${body}'`);
  return `\`\`\`sh\n${lines.join(' \\\n')}\n\`\`\``;
}
