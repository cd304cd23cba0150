import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const BYTES_MAX = 64 * 1024 * 1024;

/** The OpenAPI document as the built manager prints it: JSON. */
export async function printDocument(root: string): Promise<string> {
  const entry = join(root, 'services', 'manager', 'dist', 'print-api.js');
  return (await promisify(execFile)(process.execPath, [entry], { maxBuffer: BYTES_MAX })).stdout;
}
