import { SyncError } from './sync-error.ts';

/** What stands for groups in the names of a mapping's target: $1…$9 of the table, $s0…$s9 of the schema. */
const PLACEHOLDER = /\$(s\d|[1-9])/g;

/** What the expressions of a mapping matched, the whole name first; null where the mapping gives the name itself. */
export interface MatchedGroups {
  readonly schema: readonly (string | undefined)[] | null;
  readonly table: readonly (string | undefined)[] | null;
}

/** The name that a template gives. '$' is a legal character of names, so that '$1' stands for itself where there are no groups. */
export function fillTemplate(template: string, { schema, table }: MatchedGroups): string {
  if (!template.includes('$')) return template;
  return template.replaceAll(PLACEHOLDER, (whole, group: string) => {
    const groups = group.startsWith('s') ? schema : table;
    return groups === null ? whole : (groups[Number(group.replace('s', ''))] ?? '');
  });
}

/** Which side of a mapping is an expression, so that its groups may be used. */
export interface TemplateGroups {
  readonly schema: boolean;
  readonly table: boolean;
}

/** Matches every name that a template may give; null when it gives but one, the template itself. */
export function templatePattern(template: string, has: TemplateGroups, flags: string): RegExp | null {
  const literals = literalsOf(template, has);
  if (literals.length === 1) return null;
  const escaped = literals.map((literal) => literal.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&'));
  return new RegExp(`^${escaped.join('(?:.*)')}$`, `s${flags}`);
}

function literalsOf(template: string, has: TemplateGroups): readonly string[] {
  const literals: string[] = [];
  let end = 0;
  for (const { 0: whole, 1: group = '', index } of template.matchAll(PLACEHOLDER)) {
    if (!(group.startsWith('s') ? has.schema : has.table)) continue;
    literals.push(template.slice(end, index));
    end = index + whole.length;
  }
  return [...literals, template.slice(end)];
}

/** The expression over whole names. Throws MAPPING_REGEX_INVALID. */
export function compileNameRegex(mapping: string, regex: string, flags = 'u'): RegExp {
  try {
    // Alone first: an unbalanced ')' would otherwise close the group of the anchors ('a)|(b' is not valid by itself).
    new RegExp(regex, 'u');
    return new RegExp(`^(?:${regex})$`, flags);
  } catch (cause) {
    const problem = `The expression ${regex} of mapping ${mapping} does not compile`;
    throw new SyncError('MAPPING_REGEX_INVALID', { problem, mapping, regex }, { cause });
  }
}
