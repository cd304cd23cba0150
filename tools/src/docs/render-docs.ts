import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ERRORS } from '@lutra/model';
import { format, resolveConfig } from 'prettier';
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

/** All generated pages, formatted as the format check wants them. */
export async function renderDocs(root: string): Promise<GeneratedPage[]> {
  const classes = await readEnvClasses(root);
  const pages = [
    { path: 'docs/errors.md', text: errorsPage(ERRORS) },
    { path: 'docs/runbook.md', text: runbookPage(ERRORS) },
    { path: 'docs/configuration.md', text: configurationPage(classes) },
  ];
  return Promise.all(
    pages.map(async ({ path, text }) => {
      const settings = await resolveConfig(join(root, path));
      return { path, text: await format(text, { ...settings, parser: 'markdown' }) };
    }),
  );
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
