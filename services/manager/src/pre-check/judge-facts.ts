import type { SyncError } from '@lutra/model';
import type { Finding, Place } from './finding.ts';
import { SEVERITIES } from './finding.ts';
import { judgeBus } from './judge-bus.ts';
import { judgeOrphans } from './judge-foreign-keys.ts';
import { judgeGrantsAtSource, judgeGrantsAtTarget } from './judge-grants.ts';
import { judgeLookups } from './judge-lookups.ts';
import { judgeAutoIncrement, judgeLetterCase, judgeServers } from './judge-servers.ts';
import { judgeResync } from './judge-resync.ts';
import { judgeSourceLog } from './judge-source-log.ts';
import { judgeStart } from './judge-start.ts';
import { judgeTables } from './judge-tables.ts';
import { VERDICTS } from './judge-column.ts';
import type { Verdict } from './judge-column.ts';
import { judgeTrial } from './judge-trial.ts';
import type { Looked, PreCheckFacts, ServerFacts } from './pre-check-facts.ts';

/** The first ones say enough: a schema that is not there at all makes one of each table. */
const FINDINGS_MAX = 1_000;

export interface Judgement {
  /** Errors first; at most {@link FINDINGS_MAX}. */
  readonly findings: readonly Finding[];
  /** How many there were altogether. */
  readonly total: number;
  /** Columns that were compared, by what came of it. */
  readonly columns: Readonly<Record<Verdict, number>>;
}

/** Everything that the facts give reason to say. Asks nobody. */
export function judgeFacts(facts: PreCheckFacts): Judgement {
  const { definition, source, target, tables, bus, opposite } = facts;
  const findings: Finding[] = [
    ...judgeAnswer('source', source, definition.source.kind),
    ...judgeAnswer('target', target, definition.target.kind),
  ];
  let verdicts: readonly Verdict[] = [];
  if ('value' in source)
    findings.push(
      ...judgeSourceLog(source.value, definition.mappings),
      ...judgeResync(source.value),
      ...judgeStart(definition, facts.start),
      ...judgeGrantsAtSource(definition, source.value),
    );
  if ('value' in target) findings.push(...judgeGrantsAtTarget(definition, target.value));
  if ('value' in source && 'value' in target) {
    findings.push(...judgeServers(source.value, target.value));
    if ('value' in tables) {
      const { pairs } = tables.value;
      const servers = { source: source.value, target: target.value };
      const judged = judgeTables({ ...tables.value, lookups: facts.lookups }, servers, definition.parameters);
      findings.push(...judgeLetterCase(source.value, target.value, pairs), ...judgeOrphans(pairs, facts));
      findings.push(
        ...judgeAutoIncrement({ source: source.value, target: target.value }, pairs, opposite),
        ...judged.findings,
      );
      verdicts = judged.verdicts;
    } else findings.push(failureOf('target', tables.failure));
  }
  findings.push(...judgeLookups(definition.mappings, facts.lookups), ...judgeTrial(facts.tried));
  findings.push(...('value' in bus ? judgeBus(bus.value) : [busAway(bus.failure)]));
  return sorted(findings, verdicts);
}

function sorted(findings: readonly Finding[], verdicts: readonly Verdict[]): Judgement {
  const ranked = findings.toSorted(
    (one, other) => SEVERITIES.indexOf(one.severity) - SEVERITIES.indexOf(other.severity),
  );
  const count = (verdict: Verdict): [Verdict, number] => [verdict, verdicts.filter((one) => one === verdict).length];
  return {
    findings: ranked.slice(0, FINDINGS_MAX),
    total: ranked.length,
    columns: Object.fromEntries(VERDICTS.map(count)) as Record<Verdict, number>,
  };
}

function judgeAnswer(place: Place, looked: Looked<ServerFacts>, kind: ServerFacts['kind']): Finding[] {
  if ('failure' in looked) return [failureOf(place, looked.failure)];
  const { value } = looked;
  if (value.kind === kind) return [];
  const explanation = `The server at ${value.address} is ${value.kind}, and the data source says ${kind}: correct the data source`;
  return [{ code: 'SERVER_OF_OTHER_KIND', severity: 'error', subject: { place }, explanation, statements: [] }];
}

/** A server that is away is no reason against START, which waits for it; one that refuses its user is. */
function failureOf(place: Place, failure: SyncError): Finding {
  const said = `${failure.sentence}. ${failure.workaround}`;
  // Whoever opened the session took every server for a target.
  const explanation = place === 'source' ? said.replaceAll(/\b(the) target\b/gi, '$1 source') : said;
  const subject = { place } as const;
  const isAway = failure.class === 'retryable';
  if (isAway) {
    const more = `${explanation} Nothing that depends on this server was checked; a pipeline that is started waits until it answers`;
    return { code: 'SERVER_UNREACHABLE', severity: 'warning', subject, explanation: more, statements: [] };
  }
  const isRefused = failure.code === 'TARGET_ACCESS_DENIED';
  return {
    ...{ code: isRefused ? 'SERVER_REFUSES' : 'SERVER_NOT_READ', severity: isRefused ? 'error' : 'warning' },
    ...{ subject, explanation, statements: [] },
  };
}

function busAway(failure: SyncError): Finding {
  const explanation = `${failure.sentence}: whether JetStream has room is not known`;
  return { code: 'BUS_UNREACHABLE', severity: 'warning', subject: { place: 'bus' }, explanation, statements: [] };
}
