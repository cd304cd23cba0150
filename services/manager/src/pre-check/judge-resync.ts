import type { Finding, FindingCode, Severity } from './finding.ts';
import { atSource } from './finding.ts';
import type { ServerFacts } from './pre-check-facts.ts';

/** Whether rows can be sent once more from this source, and whether none overtakes a newer change there (decision 0046). */
export function judgeResync({ variables }: ServerFacts): Finding[] {
  const found = (code: FindingCode, severity: Severity, name: string, explanation: string): Finding => ({
    ...{ code, severity, subject: { place: 'source', name }, explanation, statements: [] },
  });
  const findings: Finding[] = [];
  if (['ON', '1'].includes(variables['read_only'] ?? '') || variables['super_read_only'] === 'ON')
    findings.push(
      found(
        ...(['RESYNC_IMPOSSIBLE', 'info', 'read_only'] as const),
        'read_only is ON: rows can be sent once more only through a server that Lutra may write retl.lutra_resync on. Name that one as the source when resync is wanted',
      ),
    );
  const { wsrep_on: galera, group_replication_group_name: group } = variables;
  const isGroup = (group ?? '') !== '' && variables['group_replication_single_primary_mode'] === 'OFF';
  if (galera === 'ON' || isGroup)
    findings.push(
      found(
        ...([
          'RESYNC_UNSAFE',
          'warning',
          galera === 'ON' ? 'wsrep_on' : 'group_replication_single_primary_mode',
        ] as const),
        'Several servers of the group may take writes, and locks hold on one of them: a row that is sent once more may overwrite a change that another server takes at that moment. Send rows once more only while one server takes all writes',
      ),
    );
  return [...findings, ...judgeCommitOrder(variables)];
}

/** The names of MySQL 8.0.26 and of the releases before it. */
function judgeCommitOrder(variables: ServerFacts['variables']): Finding[] {
  const isNew = variables['replica_preserve_commit_order'] !== undefined;
  const name = isNew ? 'replica_preserve_commit_order' : 'slave_preserve_commit_order';
  const workers = Number(variables['replica_parallel_workers'] ?? variables['slave_parallel_workers'] ?? 0);
  if (!['OFF', '0'].includes(variables[name] ?? '') || workers < 2) return [];
  const explanation = `${name} is OFF with ${String(workers)} workers: when this server becomes a replica, its log may hold transactions in another order than its source, and a row that is sent once more may overwrite a newer change`;
  const [stop, start] = isNew
    ? ['STOP REPLICA SQL_THREAD', 'START REPLICA SQL_THREAD']
    : ['STOP SLAVE SQL_THREAD', 'START SLAVE SQL_THREAD'];
  const statements = atSource(stop, `SET GLOBAL ${name} = ON`, start);
  return [{ code: 'RESYNC_UNSAFE', severity: 'warning', subject: { place: 'source', name }, explanation, statements }];
}
