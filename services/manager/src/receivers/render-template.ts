import { fieldRefusal } from '../http/refuse-field.ts';
import type { Notification } from './notification.ts';

/** JSON with placeholders in its texts: `{"text": "{{alarm.rule}}: {{alarm.message}}"}`. */
export type Template = Readonly<Record<string, unknown>>;

const CHARS_MAX = 20_000;
const DEPTH_MAX = 10;
const PLACEHOLDER = /\{\{\s*([\w.]{1,64})\s*\}\}/g;
const WHOLE = /^\{\{\s*([\w.]{1,64})\s*\}\}$/;

/** Every placeholder that a template may use, and what stands for it. */
const VALUES: Readonly<Record<string, (notification: Notification) => string | number | null>> = {
  'delivery.id': ({ id }) => id,
  'alarm.id': ({ alarmId }) => alarmId,
  'alarm.rule': ({ rule }) => rule,
  'alarm.kind': ({ kind }) => kind,
  'alarm.severity': ({ severity }) => severity,
  'alarm.change': ({ change }) => change,
  'alarm.subject': ({ subject }) => subject,
  'alarm.subjectId': ({ subjectId }) => subjectId,
  'alarm.value': ({ value }) => value,
  'alarm.threshold': ({ threshold }) => threshold,
  'alarm.unit': ({ unit }) => unit,
  'alarm.message': ({ message }) => message,
  'alarm.since': ({ since }) => since,
  'alarm.at': ({ at }) => at,
};

export const PLACEHOLDERS: readonly string[] = Object.keys(VALUES);

/** Throws REQUEST_INVALID for a template that is too large or deep, or that has a placeholder that is none. */
export function checkTemplate(template: Template, field: string): void {
  const refuse = (problem: string): never => {
    throw fieldRefusal(field, problem);
  };
  if (JSON.stringify(template).length > CHARS_MAX)
    refuse(`${field} must have at most ${String(CHARS_MAX)} characters as JSON`);
  for (const text of textsOf(template, DEPTH_MAX) ??
    refuse(`${field} must be nested at most ${String(DEPTH_MAX)} deep`))
    for (const [, name = ''] of text.matchAll(PLACEHOLDER))
      if (!Object.hasOwn(VALUES, name))
        refuse(`${field} has the placeholder ${name}: there are ${PLACEHOLDERS.join(', ')}`);
}

/**
 * The template with its placeholders filled in. They stand inside of texts only, after the JSON was read: no value can become
 * part of the structure. A text that is nothing but one placeholder becomes its value with its own type. What is no
 * placeholder stays as it is.
 */
export function renderTemplate(template: Template, notification: Notification): unknown {
  const valueOf = (name: string): string | number | null | undefined =>
    Object.hasOwn(VALUES, name) ? VALUES[name]?.(notification) : undefined;
  const render = (node: unknown): unknown => {
    if (typeof node === 'string') return renderText(node, valueOf);
    if (Array.isArray(node)) return node.map(render);
    if (typeof node !== 'object' || node === null) return node;
    return Object.fromEntries(Object.entries(node).map(([name, value]) => [name, render(value)]));
  };
  return render(template);
}

function renderText(text: string, valueOf: (name: string) => string | number | null | undefined): unknown {
  const whole = WHOLE.exec(text)?.[1];
  const value = whole === undefined ? undefined : valueOf(whole);
  if (value !== undefined) return value;
  return text.replaceAll(PLACEHOLDER, (placeholder, name: string) => {
    const part = valueOf(name);
    return part === undefined ? placeholder : String(part ?? '');
  });
}

/** All texts of a JSON value, names of fields too; null when it is nested deeper than `depth`. */
function textsOf(node: unknown, depth: number): string[] | null {
  if (typeof node === 'string') return [node];
  if (typeof node !== 'object' || node === null) return [];
  if (depth === 0) return null;
  const found: string[] = [];
  for (const value of Object.values(node)) {
    const texts = textsOf(value, depth - 1);
    if (texts === null) return null;
    found.push(...texts);
  }
  return found;
}
