import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ERRORS } from '@lutra/model';
import { format, resolveConfig } from 'prettier';
import { clientTypes } from './client-types.ts';
import type { ApiDocument } from './client-types.ts';
import { configurationPage } from './configuration-page.ts';
import { errorsPage } from './errors-page.ts';
import { readEnvClass } from './read-env-class.ts';
import type { EnvClass } from './read-env-class.ts';
import { runbookPage } from './runbook-page.ts';

/** A generated page: its path below the project's root, and its text as it has to stand there. */
export interface GeneratedPage {
  readonly path: string;
  readonly text: string;
}

/** The document that the types of the API's client are made from. */
export const API_DOCUMENT = 'docs/openapi.json';

/** All generated files, pages formatted as the format check wants them. `document`: the API's, as JSON; absent = as it is committed. */
export async function renderDocs(root: string, document?: string): Promise<GeneratedPage[]> {
  const classes = await readEnvClasses(root);
  const api = document ?? (await readFile(join(root, API_DOCUMENT), 'utf8'));
  const described = JSON.parse(api) as ApiDocument;
  const pages = [
    { path: 'docs/errors.md', text: errorsPage(ERRORS) },
    { path: 'docs/runbook.md', text: runbookPage(ERRORS) },
    { path: 'docs/configuration.md', text: configurationPage(classes) },
  ];
  const formatted = await Promise.all(
    pages.map(async ({ path, text }) => {
      const settings = await resolveConfig(join(root, path));
      return { path, text: await format(text, { ...settings, parser: 'markdown' }) };
    }),
  );
  return [
    ...formatted,
    { path: API_DOCUMENT, text: `${JSON.stringify(described, null, 1)}\n` },
    { path: 'libs/api-client/src/generated/routes.ts', text: clientTypes(described) },
  ];
}

async function readEnvClasses(root: string): Promise<EnvClass[]> {
  const services = (await readdir(join(root, 'services'))).sort();
  const folders = ['libs/service-kit/src', ...services.map((name) => `services/${name}/src`)];
  const files = await Promise.all(
    folders.map(async (folder) =>
      (await readdir(join(root, folder)))
        .filter((name) => name.endsWith('.env.ts'))
        .map((name) => join(root, folder, name)),
    ),
  );
  return Promise.all(files.flat().map(async (file) => readEnvClass(await readFile(file, 'utf8'))));
}
