import type { TargetSession } from '@lutra/sql';

/** Lutra's tables come into being with the first start of a pipeline: before that there is nothing in them. */
export async function inOwnTable<T>(
  session: TargetSession,
  { table, otherwise }: { readonly table: 'checkpoint' | 'conflict' | 'dead_letter'; readonly otherwise: T },
  work: () => Promise<T>,
): Promise<T> {
  const found = await session.describeTable({ schema: 'lutra', table });
  return found === null ? otherwise : work();
}
