import { anchorOf } from '@lutra/model';
import type { ErrorSpec } from '@lutra/model';

/** Chapters of the pages about errors, in order. */
export const SCOPES: readonly (readonly [scope: ErrorSpec['scope'], title: string])[] = [
  ['source', 'Source database'],
  ['target', 'Target database'],
  ['config', 'Configuration and requests'],
  ['bus', 'Messages'],
  ['internal', 'Coordination and the rest'],
];

const INTRODUCTION = `# Errors

<!-- Generated from libs/model/src (errors.ts, bus-errors.ts, source-errors.ts) by \`npm run docs\`: do not edit. -->

Codes are stable. The API shows the code, a sentence with the names of the case, and what to do about it. Each code links to its
section in the [runbook](runbook.md): the one command, and what happens next.

- **retryable**: Lutra goes back to its checkpoint and tries again, with a growing pause, for ever.
- **configuration**: the pipeline stays paused until a person has changed something; then RESTART.
- **poison**: this row or message would fail again; the pipeline stays paused with the failure shown.
- **internal**: a defect of Lutra or of what it was handed; the pipeline stays paused and asks for attention.
`;

/** docs/errors.md from the catalogue. */
export function errorsPage(errors: Readonly<Record<string, ErrorSpec>>): string {
  const sections = SCOPES.map(([scope, title]) => {
    const entries = Object.entries(errors).filter(([, spec]) => spec.scope === scope);
    return [`## ${title}`, '', ...entries.map(([code, spec]) => entry(code, spec))].join('\n');
  });
  return [INTRODUCTION, ...sections].join('\n');
}

function entry(code: string, { class: errorClass, summary, workaround }: ErrorSpec): string {
  // What stands in braces is filled in with the names of the case.
  const advice = workaround.replaceAll(/\{(\w+)\}/g, '_$1_').replaceAll('<', String.raw`\<`);
  return `### ${code}\n\n${summary} (${errorClass}).\n\n${advice} [Runbook](runbook.md#${anchorOf(code)})\n`;
}
