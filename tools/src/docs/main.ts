// `npm run docs`: writes the pages that are generated from the code.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from '@lutra/testing';
import { runTool } from '../run-tool.ts';
import { printDocument } from './print-document.ts';
import { renderDocs } from './render-docs.ts';

await runTool(async () => {
  for (const { path, text } of await renderDocs(projectRoot, await printDocument(projectRoot))) {
    await writeFile(join(projectRoot, path), text);
    process.stdout.write(`${path}\n`);
  }
  return 0;
});
