// Goal: whatever SQL is run at a source, every target comes to hold the same rows (DESIGN §4, guarantees 1, 2, 4 and 7).
// Method: each text of the table is run at a MariaDB and at a MySQL source; pipelines of both apply modes follow live, and
// after every few texts (at night after each one) their tables are compared by hash. Then pipelines that begin at the origin
// catch up with everything at once: in batches as large as they come, in joined transactions, and in slices of a few rows.
// Their tables must be equal too.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DatabaseKind, PipelineParameters } from '@lutra/model';
import { must } from '@lutra/model';
import { lutraHome, OwnServer, testServers } from '@lutra/testing';
import type { DatabaseServer } from '@lutra/testing';
import { startE2eStack } from '../e2e-stack.ts';
import type { E2eStack } from '../e2e-stack.ts';
import { ALL_SCENARIOS, scenariosFor } from './all-scenarios.ts';
import type { Scenario } from './scenario.ts';
import { ScenarioSite } from './scenario-site.ts';

const LIVE: Readonly<Record<string, Partial<PipelineParameters>>> = {
  merged: { applyMode: 'merged', lanes: 4 },
  transactional: { applyMode: 'transactional' },
};
const CATCHING_UP: Readonly<Record<string, Partial<PipelineParameters>>> = {
  'merged at once': { applyMode: 'merged', lanes: 4 },
  'transactional at once': { applyMode: 'transactional' },
  'in slices': { applyMode: 'merged', lanes: 3, maxRows: 7, parallelism: 16, loadTransactionRows: 40 },
};

const FILE =
  'id,name,d,x\n1,"one, two",2024-02-29,1.5\n2,žluťoučký 😀,,\\N\n3,"a ""quote""",1000-01-01,-99999.999\n9,,,0\n';

const KINDS = ['mariadb', 'mysql'] as const;
const file = join(lutraHome(), 'e2e', 'scenarios-data', 'rows.csv');

let e2e: E2eStack | null = null;
let mysqlSource: OwnServer | null = null;
const sites: ScenarioSite[] = [];

/** The tests: so many scenarios run one behind the other before the live pipelines' tables are compared. */
export function followScenarios(together: number): void {
  beforeAll(async () => {
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, FILE);
    chmodSync(file, 0o644);
    [e2e, mysqlSource] = await Promise.all([
      startE2eStack('scenarios', { serviceEnv: { load: { LUTRA_TARGET_BULK: 'always' } } }),
      OwnServer.start({ program: 'mysql' }),
    ]);
    const { stack } = e2e;
    const flavours = { ...LIVE, ...CATCHING_UP };
    const starting = KINDS.map((kind) => {
      const scenarios = scenariosFor(kind);
      return ScenarioSite.start({ kind, stack, ...serversOf(kind), scenarios, flavours, file });
    });
    sites.push(...(await Promise.all(starting)));
    await atEachSite((site) => site.startPipelines(Object.keys(LIVE), 'now'));
  }, 300_000);

  afterAll(async () => {
    await atEachSite((site) => site.stop());
    await e2e?.stop();
    await mysqlSource?.close();
  });

  // At both kinds of server at once: they have nothing in common but the six services.
  it.each(groupsOf(together))('%s', async (_names, scenarios) => {
    const problems = await atEachSite((site) => site.follow(scenarios, Object.keys(LIVE)));
    expect(problems.flat()).toEqual([]);
  });

  it.each(Object.keys(LIVE))('nothing has changed since, %s', async (flavour) => {
    const problems = await atEachSite((site) => site.problemsOf(flavour));
    expect(problems.flat()).toEqual([]);
  });

  describe('everything at once, from the origin', () => {
    beforeAll(async () => {
      await atEachSite((site) => site.startPipelines(Object.keys(CATCHING_UP), 'origin'));
    });

    it.each(Object.keys(CATCHING_UP))('%s', async (flavour) => {
      const problems = await atEachSite((site) => site.problemsOf(flavour));
      expect(problems.flat()).toEqual([]);
    });
  });
}

/** Scenarios that follow one another, with the names of the first and the last one; what goes wrong is told by its own name. */
function groupsOf(size: number): readonly (readonly [names: string, scenarios: readonly Scenario[]])[] {
  const starts = ALL_SCENARIOS.map((_scenario, index) => index).filter((index) => index % size === 0);
  return starts.map((start) => {
    const scenarios = ALL_SCENARIOS.slice(start, start + size);
    const names = new Set([scenarios.at(0)?.name, scenarios.at(-1)?.name]);
    return [[...names].join(' … '), scenarios] as const;
  });
}

const atEachSite = <T>(work: (site: ScenarioSite) => Promise<T>): Promise<T[]> => Promise.all(sites.map(work));

function serversOf(kind: DatabaseKind): { readonly source: DatabaseServer; readonly target: DatabaseServer } {
  const { mariadbSource, mariadbTarget, mysql } = testServers();
  if (kind === 'mariadb') return { source: mariadbSource, target: mariadbTarget };
  return { source: must(mysqlSource, 'it runs'), target: mysql };
}
