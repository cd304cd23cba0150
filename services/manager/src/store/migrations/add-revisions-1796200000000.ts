import { createHash } from 'node:crypto';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const CREATE = `CREATE TABLE IF NOT EXISTS revision (
  pipeline_id CHAR(26) NOT NULL, number INT UNSIGNED NOT NULL, at DATETIME(3) NOT NULL, author VARCHAR(100) NOT NULL,
  comment VARCHAR(500) NOT NULL, body LONGTEXT NOT NULL, settings LONGTEXT NOT NULL,
  PRIMARY KEY (pipeline_id, number)) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`;

const COMMENT = 'As it stood when revisions began to be kept';

/** Revisions of pipelines. Of those that there are, the newest is kept as the first one. */
export class AddRevisions1796200000000 implements MigrationInterface {
  /** May run again: a migration that was killed in the middle starts from its beginning. */
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(CREATE);
    const pipelines = (await runner.query(
      'SELECT p.id, p.parameters, p.updated_at, d.revision, d.body FROM pipeline p JOIN definition d ON d.pipeline_id = p.id',
    )) as readonly Readonly<Record<string, unknown>>[];
    for (const pipeline of pipelines) {
      const { id, updated_at: at, revision } = pipeline;
      const parameters = JSON.parse(String(pipeline['parameters'])) as unknown;
      const definition = JSON.parse(String(pipeline['body'])) as Definition;
      const body = { ...definition, source: kept(definition.source), target: kept(definition.target) };
      const settings = { parameters, mappings: definition.mappings.map(stored) };
      await runner.query('INSERT IGNORE INTO revision VALUES (?, ?, ?, ?, ?, ?, ?)', [
        ...[id, revision, at, 'lutra', COMMENT],
        ...[JSON.stringify(body), JSON.stringify(settings)],
      ]);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE revision');
  }
}

type Fields = Readonly<Record<string, unknown>>;
type Definition = Fields & { readonly source: Fields; readonly target: Fields; readonly mappings: readonly Fields[] };

/** Secrets stay out. */
function kept(dataSource: Fields): Fields {
  const { id, name, kind, host, port, user } = dataSource;
  const mark = createHash('sha256').update(JSON.stringify(dataSource)).digest('hex').slice(0, 16);
  return { id, name, kind, host, port, user, mark };
}

const stored = (mapping: Fields): Fields => ({
  ...mapping,
  onConflict: mapping['onConflict'] ?? null,
  weight: mapping['weight'] ?? 0,
});
