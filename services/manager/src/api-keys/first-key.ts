import { chmod, writeFile } from 'node:fs/promises';

/**
 * Shows the key of the first start: in the file when one is asked for (only its owner may read it), else by one line on
 * standard output, which a log may keep for ever. Rejects when the file cannot be written: a key that nobody gets is of no use.
 */
export async function showFirstKey(token: string, file: string | undefined): Promise<void> {
  if (file === undefined) {
    process.stdout.write(`Lutra admin token (shown once, keep it): ${token}\n`);
  } else {
    await writeFile(file, `${token}\n`, { mode: 0o600 });
    // The mode above counts for new files only.
    await chmod(file, 0o600);
    process.stdout.write(`Lutra admin token: in ${file}\n`);
  }
}
