import type { Simulation } from '../simulation.ts';
import { begin, complete, expectThat, holder, permitOf, until, write } from './case-steps.ts';
import type { SimCase } from './sim-case.ts';

const FOUR = { parameters: { lanes: 4, applyMode: 'merged' as const, maxRows: 16 } };
const LOOK_MS = 4_000;

/** Writes until a commit has left the lanes at different places; false when everything arrived without one. */
async function standUneven(simulation: Simulation): Promise<boolean> {
  const check = simulation.check('p1');
  for (let round = 0; round < 20; round += 1) {
    write(simulation, 8);
    await simulation.run(LOOK_MS, () => check.isUneven || check.isComplete);
    if (check.isUneven) return true;
  }
  return false;
}

/** Gives the table a unique index whose values nobody can tell, or takes it away: all its rows are of one lane, or of many. */
function alter(simulation: Simulation, table: string): void {
  const store = simulation.targets.get('p1')?.tables.get(`shop.${table}`);
  if (store === undefined) throw new Error(`No table ${table}`);
  const { shape } = store;
  const kept = shape.uniqueKeys.filter(({ isExact }) => isExact);
  const isGone = kept.length < shape.uniqueKeys.length;
  const short = { name: 'short', columns: ['id'], isExact: false, isNotNull: true };
  store.shape = {
    ...shape,
    uniqueKeys: isGone ? kept : [...kept, short],
    statement: isGone ? table : `${table}, short`,
  };
}

/** What concerns several lanes of one pipeline. */
export const LANE_CASES: readonly SimCase[] = [
  {
    name: 'lanes-crash',
    claim:
      'a loader dies when some lanes of a segment have committed and others have not: each lane repeats its own rows only',
    options: FOUR,
    play: async (simulation) => {
      await begin(simulation);
      for (let round = 0; round < 6; round += 1) {
        expectThat('lanes stand at different places', await standUneven(simulation));
        const old = holder(simulation, 'load');
        old.kill();
        simulation.start('load', old.name);
        await complete(simulation);
      }
    },
  },
  {
    name: 'lanes-crash-again',
    claim:
      'loaders die one after the other while the lanes are being made even: no row is written twice, none is left out',
    options: FOUR,
    play: async (simulation) => {
      await begin(simulation);
      const check = simulation.check('p1');
      for (let round = 0; round < 4; round += 1) {
        expectThat('lanes stand at different places', await standUneven(simulation));
        for (let death = 0; death < 3; death += 1) {
          const old = holder(simulation, 'load');
          old.kill();
          simulation.start('load', old.name);
          const { commits } = check;
          // A claim is a commit too: sometimes the next one dies behind it, sometimes behind its first rows.
          await simulation.run(40_000, () => check.commits > commits + death);
        }
        await complete(simulation);
      }
    },
  },
  {
    name: 'lanes-altered',
    claim:
      'a table is altered while lanes stand at different places, so that rows belong to other lanes: none is left out, though rows may be written twice',
    options: FOUR,
    play: async (simulation) => {
      await begin(simulation);
      simulation.check('p1').mayRepeat = true;
      for (let round = 0; round < 8; round += 1) {
        expectThat('lanes stand at different places', await standUneven(simulation));
        const old = holder(simulation, 'load');
        old.kill();
        // Keys that change, as those of accounts do, may be refused when they come again.
        alter(simulation, 'entry');
        simulation.start('load', old.name);
        await complete(simulation);
      }
    },
  },
  {
    name: 'lanes-unknown-commit',
    claim: 'the answer to the COMMIT of one lane is lost: the checkpoint row of that lane says whether it took place',
    options: FOUR,
    play: async (simulation) => {
      await begin(simulation);
      const target = simulation.targets.get('p1');
      const { epoch } = permitOf(simulation) ?? { epoch: 0 };
      if (target === undefined) return;
      for (let round = 0; round < 10; round += 1) {
        expectThat('lanes stand at different places', await standUneven(simulation));
        const connection = holder(simulation, 'load').connection(target);
        connection.cut(true);
        await simulation.run(50);
        connection.mend(true);
        await until(simulation, 'it goes on', () => simulation.check('p1').isComplete);
      }
      expectThat('no new epoch was needed', permitOf(simulation)?.epoch === epoch);
    },
  },
  {
    name: 'lanes-killed-session',
    claim: 'the session of one lane is killed: that lane repeats its unit, the others are not concerned',
    options: FOUR,
    play: async (simulation) => {
      await begin(simulation);
      const target = simulation.targets.get('p1');
      const { epoch } = permitOf(simulation) ?? { epoch: 0 };
      for (let round = 0; round < 8; round += 1) {
        write(simulation, 8);
        const writing = () => [...(target?.sessions.values() ?? [])].filter(({ touched }) => touched.size > 1);
        await simulation.run(LOOK_MS, () => writing().length > 1);
        const [first] = writing();
        if (first !== undefined) target?.end(first);
        await until(simulation, 'it goes on', () => simulation.check('p1').isComplete);
      }
      expectThat('the epoch stays', permitOf(simulation)?.epoch === epoch);
    },
  },
  {
    name: 'lanes-fenced',
    claim:
      'a loader is frozen between the commits of two lanes and wakes when another one has taken over: it writes nothing',
    options: FOUR,
    play: async (simulation) => {
      await begin(simulation);
      for (let round = 0; round < 4; round += 1) {
        expectThat('lanes stand at different places', await standUneven(simulation));
        const old = holder(simulation, 'load');
        const epoch = permitOf(simulation)?.epoch ?? 0;
        old.freeze();
        write(simulation, 6);
        const isTakenOver = (): boolean =>
          (permitOf(simulation)?.epoch ?? 0) > epoch && simulation.check('p1').isComplete;
        await until(simulation, 'another loader takes over', isTakenOver);
        old.thaw();
        await complete(simulation);
      }
    },
  },
  {
    name: 'lanes-relane',
    claim: 'the number of lanes changes while rows come, loaders die meanwhile and lanes stand at different places',
    options: FOUR,
    play: async (simulation) => {
      await begin(simulation);
      for (const lanes of [1, 3, 2, 4, 1, 4, 2]) {
        await standUneven(simulation);
        const old = holder(simulation, 'load');
        simulation.revise('p1', { lanes });
        write(simulation, 4);
        if (lanes % 2 === 0) {
          old.kill();
          simulation.start('load', old.name);
        }
        await complete(simulation);
        await until(simulation, `there are ${String(lanes)} lanes`, () => {
          if (simulation.check('p1').isComplete) write(simulation, 1);
          return simulation.check('p1').laneCount === lanes;
        });
        await complete(simulation);
      }
    },
  },
  {
    name: 'lanes-barrier',
    claim:
      'unique values go from row to row and keys change, across lanes, between rows that lanes write at the same time',
    options: FOUR,
    play: async (simulation) => {
      await begin(simulation);
      const source = simulation.sources.get('p1');
      const nowMs = (): number => simulation.operator.clock.now().getTime();
      for (let round = 0; round < 12; round += 1) {
        for (let each = 0; each < 4; each += 1) {
          source?.writeLarge(nowMs(), 2);
          source?.writeSwap(nowMs());
          source?.writeRename(nowMs());
        }
        const { commits } = simulation.check('p1');
        await simulation.run(LOOK_MS, () => simulation.check('p1').commits > commits + (round % 4));
        if (round % 3 === 0) {
          const old = holder(simulation, 'load');
          old.kill();
          simulation.start('load', old.name);
        }
        await complete(simulation);
      }
    },
  },
];
